//! Figures from what the common libraries print, and from what time and services do to counters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::float_cmp)]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::fold::Collector;
use super::super::parse;
use super::*;
use crate::config::Settings;

fn snapshot(text: &str, wanted: &Wanted) -> Snapshot {
    let mut collector = Collector::new(wanted);
    let tally = parse::parse(text.as_bytes(), &mut collector);
    assert_eq!(tally.bad, 0, "{tally:?}\n{text}");
    collector.end()
}

/// Scrapes so many seconds apart, by both clocks.
struct Play {
    course: Course,
    wanted: Wanted,
    at: Timestamp,
    instant: Instant,
}

impl Play {
    fn new(wanted: Wanted) -> Self {
        Self { course: Course::default(), wanted, at: Timestamp::UNIX_EPOCH, instant: Instant::now() }
    }

    fn after(&mut self, seconds: u64, text: &str) -> Vec<(String, f64)> {
        self.after_by(seconds, seconds.cast_signed(), text)
    }

    fn after_by(&mut self, seconds: u64, clock: i64, text: &str) -> Vec<(String, f64)> {
        self.instant += Duration::from_secs(seconds);
        self.at += jiff::SignedDuration::from_secs(clock);
        let snapshot = snapshot(text, &self.wanted);
        let readings = self.course.fold(snapshot, self.at, self.instant, &self.wanted);
        readings.iter().map(|it| (it.name.to_string(), (it.value * 1e6).round() / 1e6)).collect()
    }
}

/// Two scrapes ten seconds apart.
fn two(first: &str, second: &str) -> Vec<(String, f64)> {
    let mut play = Play::new(Wanted::default());
    play.after(0, first);
    play.after(10, second)
}

fn is(found: &[(String, f64)], expected: &[(&str, f64)]) {
    let expected: Vec<(String, f64)> =
        expected.iter().map(|(name, value)| ((*name).into(), *value)).collect();
    assert_eq!(found, expected);
}

/// A histogram of one series: counts up to 0.1, 0.5, 1 and all, times `by`.
fn histogram(name: &str, labels: &str, by: u32, bounds: [&str; 3]) -> String {
    let mut out = format!("# HELP {name} how long\n# TYPE {name} histogram\n");
    for (bound, count) in bounds.iter().zip([50, 90, 98]) {
        writeln!(out, "{name}_bucket{{{labels}le=\"{bound}\"}} {}", count * by).unwrap();
    }
    writeln!(out, "{name}_bucket{{{labels}le=\"+Inf\"}} {}", 100 * by).unwrap();
    writeln!(out, "{name}_sum{{{labels}}} {}\n{name}_count{{{labels}}} {}", 12 * by, 100 * by).unwrap();
    out
}

const SECONDS: [&str; 3] = ["0.1", "0.5", "1"];
/// 50 up to 0.1, 40 more up to 0.5, 8 more up to 1, 2 above.
const QUANTILES_OF_IT: [(&str, f64); 3] =
    [("p50_response_time", 0.1), ("p95_response_time", 0.8125), ("p99_response_time", 1.0)];

#[test]
fn common_libraries_are_understood() {
    // prom-client with a histogram that says the status; nothing else counts requests.
    let prom_client = |n: u32| {
        histogram(
            "http_request_duration_seconds",
            "method=\"GET\",route=\"/\",status_code=\"200\",",
            9 * n,
            SECONDS,
        ) + &histogram(
            "http_request_duration_seconds",
            "method=\"GET\",route=\"/\",status_code=\"500\",",
            n,
            SECONDS,
        ) + "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 12.5\n"
    };
    let [p50, p95, p99] = QUANTILES_OF_IT;
    let expected = [("request_rate", 100.0), ("error_rate", 0.1), p50, p95, p99];
    is(&two(&prom_client(0), &prom_client(1)), &expected);

    // prometheus_client (the fastapi instrumentator): a counter by class, durations without status.
    let python = |n: u32| {
        let mut out = String::from("# TYPE http_requests_total counter\n");
        writeln!(out, "http_requests_total{{handler=\"/\",method=\"GET\",status=\"2xx\"}} {}.0", 900 * n)
            .unwrap();
        writeln!(out, "http_requests_total{{handler=\"/\",method=\"GET\",status=\"5xx\"}} {}.0", 100 * n)
            .unwrap();
        writeln!(out, "http_requests_created{{handler=\"/\",method=\"GET\",status=\"2xx\"}} 1.7e+09")
            .unwrap();
        out + &histogram("http_request_duration_highr_seconds", "", 10 * n, SECONDS)
            + &histogram("http_request_duration_seconds", "handler=\"/\",", 10 * n, ["1", "2", "3"])
    };
    is(&two(&python(0), &python(1)), &expected);

    // Micrometer, with outcome and status.
    let micrometer = |n: u32| {
        let labels = |status: &str, outcome: &str| {
            format!("exception=\"none\",method=\"GET\",outcome=\"{outcome}\",status=\"{status}\",uri=\"/o\",")
        };
        histogram("http_server_requests_seconds", &labels("200", "SUCCESS"), 9 * n, SECONDS)
            + &histogram("http_server_requests_seconds", &labels("503", "SERVER_ERROR"), n, SECONDS)
            + "http_server_requests_seconds_max{uri=\"/o\"} 2.0\n"
            + &histogram("http_client_requests_seconds", "status=\"500\",", 50 * n, SECONDS)
    };
    is(&two(&micrometer(0), &micrometer(1)), &expected);

    // actix-web-prom, behind a name of the service's own.
    let actix = |n: u32| {
        let mut out = String::new();
        writeln!(
            out,
            "shop_http_requests_total{{endpoint=\"/o\",method=\"GET\",status=\"200\"}} {}",
            900 * n
        )
        .unwrap();
        writeln!(
            out,
            "shop_http_requests_total{{endpoint=\"/o\",method=\"GET\",status=\"502\"}} {}",
            100 * n
        )
        .unwrap();
        out + &histogram("shop_http_requests_duration_seconds", "endpoint=\"/o\",status=\"200\",", n, SECONDS)
    };
    is(&two(&actix(0), &actix(1)), &expected);

    // OpenTelemetry, in OpenMetrics; and as it was, in milliseconds.
    let otel = |n: u32| {
        let labels =
            |code: &str| format!("http_request_method=\"GET\",http_response_status_code=\"{code}\",");
        histogram("http_server_request_duration_seconds", &labels("200"), 9 * n, SECONDS)
            + &histogram("http_server_request_duration_seconds", &labels("500"), n, SECONDS)
            + "# EOF\n"
    };
    is(&two(&otel(0), &otel(1)), &expected);
    let old = |n: u32| {
        let bounds = ["100", "500", "1000"];
        histogram("http_server_duration_milliseconds", "http_status_code=\"200\",", 9 * n, bounds)
            + &histogram("http_server_duration_milliseconds", "http_status_code=\"500\",", n, bounds)
    };
    is(&two(&old(0), &old(1)), &expected);
    // A unit that only the text says.
    let unit = |n: u32| {
        "# UNIT http_request_duration milliseconds\n".to_owned()
            + &histogram("http_request_duration", "code=\"200\",", n, ["100", "500", "1000"])
    };
    is(&two(&unit(0), &unit(1)), &[("request_rate", 10.0), ("error_rate", 0.0), p50, p95, p99]);

    // A summary says its quantiles by itself; of several series the worst counts.
    let summary = |n: u32| {
        let mut out = String::new();
        for (path, by) in [("/a", 1.0), ("/b", 2.0)] {
            for (quantile, value) in [("0.5", 0.02), ("0.95", 0.2), ("0.99", 0.4)] {
                writeln!(
                    out,
                    "http_response_time_seconds{{path=\"{path}\",quantile=\"{quantile}\"}} {}",
                    value * by
                )
                .unwrap();
            }
            writeln!(out, "http_response_time_seconds_count{{path=\"{path}\"}} {}", 50 * n).unwrap();
        }
        out + "http_response_time_seconds{path=\"/idle\",quantile=\"0.5\"} NaN\n"
    };
    is(
        &two(&summary(0), &summary(1)),
        &[
            ("p50_response_time", 0.04),
            ("p95_response_time", 0.4),
            ("p99_response_time", 0.8),
            ("request_rate", 10.0),
        ],
    );

    // gRPC, by its codes.
    let grpc = |n: u32| {
        let mut out = String::new();
        for (code, count) in [("OK", 80), ("NotFound", 10), ("Internal", 10)] {
            writeln!(
                out,
                "grpc_server_handled_total{{grpc_code=\"{code}\",grpc_method=\"Get\"}} {}",
                count * n
            )
            .unwrap();
        }
        out
    };
    is(&two(&grpc(0), &grpc(1)), &[("request_rate", 10.0), ("error_rate", 0.1)]);
}

#[test]
fn counters_that_begin_anew_are_not_taken_for_a_rush() {
    let text = |good: u32, bad: u32| {
        format!("http_requests_total{{code=\"200\"}} {good}\nhttp_requests_total{{code=\"500\"}} {bad}\n")
    };
    let mut play = Play::new(Wanted::default());
    assert_eq!(play.after(0, &text(1_000_000, 500)), [], "a rate takes two");
    is(&play.after(10, &text(1_000_100, 500)), &[("request_rate", 10.0), ("error_rate", 0.0)]);
    // It was restarted, and has served 50 since.
    is(&play.after(10, &text(50, 0)), &[("request_rate", 7.5), ("error_rate", 0.0)]);
    // The first failure makes the first series of its kind.
    let mut play = Play::new(Wanted::default());
    play.after(0, "http_requests_total{code=\"200\"} 100\n");
    is(&play.after(10, &text(190, 10)), &[("request_rate", 10.0), ("error_rate", 0.1)]);
    // Nothing was asked: that is no error rate, not even a good one.
    let mut play = Play::new(Wanted::default());
    play.after(0, &text(5, 5));
    is(&play.after(10, &text(5, 5)), &[("request_rate", 0.0)]);
}

#[test]
fn figures_are_of_the_last_minute() {
    let text = |n: u32| format!("http_requests_total{{code=\"200\"}} {n}\n");
    let mut play = Play::new(Wanted::default());
    play.after(0, &text(0));
    play.after(15, &text(600));
    for expected in [20.0, 13.333_333, 10.0, 0.0] {
        is(&play.after(15, &text(600))[..1], &[("request_rate", expected)]);
    }
    is(&play.after(300, &text(900))[..1], &[("request_rate", 1.0)]);
}

#[test]
fn clocks_that_jump_cost_one_figure_and_make_no_wrong_one() {
    let text = |n: u32| format!("http_requests_total{{code=\"200\"}} {n}\n");
    let mut play = Play::new(Wanted::default());
    play.after(0, &text(0));
    assert_eq!(play.after_by(10, 3600, &text(100)), [], "the clock was set, or the machine slept");
    is(&play.after(10, &text(200))[..1], &[("request_rate", 10.0)]);
    assert_eq!(play.after_by(10, -3600, &text(300)), []);
    is(&play.after(10, &text(400))[..1], &[("request_rate", 10.0)]);
    assert_eq!(play.after(0, &text(500)), [], "no time passed");
}

#[test]
fn what_the_config_names_is_kept_under_its_name() {
    let config = r#"[[metrics]]
service = "*"
http = "/metrics"
requests = "orders_handled_total"
errors = "orders_failed"
durations = "orders_took_ms"
keep = [
  { family = "queue_depth" },
  { family = "queue_depth", name = "deepest", take = "max", unit = "jobs" },
  { family = "pg_stat_activity_count", name = "active", labels = { state = "active" } },
  { family = "cache_hits", name = "hits" },
  { family = "bytes_sent_total", name = "sent", unit = "B" },
  { family = "gone" },
]"#;
    let rule = Settings::read("c.toml", config).unwrap().metrics.remove(0);
    let name = |it: &Option<String>| it.as_deref().map(Into::into);
    let wanted = Wanted {
        requests: name(&rule.requests),
        errors: name(&rule.errors),
        durations: name(&rule.durations),
        keep: rule.keep,
    };
    let text = |n: u32| {
        format!(
            "queue_depth{{q=\"a\"}} 3\nqueue_depth{{q=\"b\"}} 4\n\
             pg_stat_activity_count{{state=\"active\"}} 7\npg_stat_activity_count{{state=\"idle\"}} 20\n\
             # TYPE cache_hits counter\ncache_hits_total {}\nbytes_sent_total {}\n\
             orders_handled_total {}\norders_failed_total {}\nhttp_requests_total{{code=\"500\"}} {}\n",
            n * 5,
            n * 20_480,
            n * 100,
            n * 25,
            n * 7
        ) + &histogram("orders_took_ms", "", n, ["100", "500", "1000"])
    };
    let mut play = Play::new(wanted.clone());
    is(&play.after(0, &text(1)), &[("queue_depth", 7.0), ("deepest", 4.0), ("active", 7.0)]);
    let [p50, p95, p99] = QUANTILES_OF_IT;
    is(
        &play.after(10, &text(2)),
        &[
            ("queue_depth", 7.0),
            ("deepest", 4.0),
            ("active", 7.0),
            ("request_rate", 10.0),
            ("error_rate", 0.25),
            p50,
            p95,
            p99,
            ("hits", 0.5),
            ("sent", 2048.0),
        ],
    );
    let mut course = Course::default();
    let now = Instant::now();
    course.fold(snapshot(&text(1), &wanted), Timestamp::UNIX_EPOCH, now, &wanted);
    let later = Timestamp::from_second(10).unwrap();
    let told = course.fold(snapshot(&text(2), &wanted), later, now + Duration::from_secs(10), &wanted);
    let shown: Vec<String> = told.iter().map(|it| format!("{} {}", it.name, it.words())).collect();
    assert_eq!(shown[..2], ["queue_depth 7", "deepest 4 jobs"]);
    assert_eq!(
        shown[3..],
        [
            "request_rate 10/s",
            "error_rate 25%",
            "p50_response_time 100ms",
            "p95_response_time 812ms",
            "p99_response_time 1.0s",
            "hits 0.5/s",
            "sent 2KiB/s"
        ]
    );
}

#[test]
fn a_million_series_take_the_memory_of_a_few_and_are_no_rush_next_time() {
    let wanted = Wanted::default();
    let text = |from: u32, n: u32| {
        let mut out = String::new();
        for path in from..from + 100_000 {
            writeln!(out, "http_requests_total{{code=\"200\",path=\"/{path}\"}} {n}").unwrap();
        }
        out
    };
    let first = snapshot(&text(0, 1_000), &wanted);
    assert!(first.is_full() && first.series.len() == 65_536, "{}", first.series.len());
    // Others come first the next time: they are not new, only seen for the first time.
    let mut course = Course::default();
    let now = Instant::now();
    course.fold(first, Timestamp::UNIX_EPOCH, now, &wanted);
    let next = snapshot(&text(50_000, 1_001), &wanted);
    let later = Timestamp::from_second(10).unwrap();
    let told = course.fold(next, later, now + Duration::from_secs(10), &wanted);
    // 15,536 that were seen both times grew by one.
    assert!((told[0].value - 1553.6).abs() < 1e-9, "{told:?}");
    // Names without end likewise.
    let mut names = String::new();
    for n in 0..50_000 {
        writeln!(names, "a{n}_http_requests_total 1").unwrap();
    }
    let many = snapshot(&names, &wanted);
    assert!(many.is_full() && many.families.len() <= 32);
}

#[test]
fn quantiles_of_odd_histograms_are_none_or_bounds() {
    for (buckets, p50) in [
        (vec![], None),
        (vec![(f64::INFINITY, 10.0)], None),
        (vec![(1.0, 0.0), (f64::INFINITY, 0.0)], None),
        (vec![(1.0, 10.0), (2.0, 10.0)], None),
        (vec![(1.0, 0.0), (f64::INFINITY, 10.0)], Some(1.0)),
        (vec![(1.0, 10.0), (2.0, 5.0), (f64::INFINITY, 10.0)], Some(0.5)),
        (vec![(0.0, 5.0), (2.0, 10.0), (f64::INFINITY, 10.0)], Some(0.0)),
        (vec![(2.0, 10.0), (f64::INFINITY, 10.0)], Some(1.0)),
    ] {
        assert_eq!(quantile(&buckets, 0.5), p50, "{buckets:?}");
    }
}

proptest! {
    /// Whatever a service does to its counters, what is told is a rate, a share, a time.
    #[test]
    fn figures_make_sense_whatever_is_counted(
        counts in proptest::collection::vec((0_u32..1000, 0_u32..1000, 0_u64..100, -50_i64..100), 2..8),
    ) {
        let mut play = Play::new(Wanted::default());
        for (good, bad, seconds, clock) in counts {
            let text = format!("http_requests_total{{code=\"200\"}} {good}\nhttp_requests_total{{code=\"503\"}} {bad}\n")
                + &histogram("http_request_duration_seconds", "", good, SECONDS);
            for (name, value) in play.after_by(seconds, clock, &text) {
                let most = match name.as_str() {
                    "error_rate" | "p50_response_time" | "p95_response_time" | "p99_response_time" => 1.0,
                    _ => 2000.0,
                };
                prop_assert!((0.0..=most).contains(&value), "{} {}", name, value);
            }
        }
    }
}
