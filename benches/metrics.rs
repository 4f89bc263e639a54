//! One scrape of 50,000 series: read whole by qd's parser and by the other crates that read this
//! format, and as qd scrapes it. Run with `cargo bench --bench metrics`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quarterdeck::metrics::{Collector, Line, Wanted, parse};

/// Series in the text.
const SERIES: usize = 50_000;
/// Ends of buckets; with all, sum and count: 12 lines for a set of labels.
const BOUNDS: [&str; 9] = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5"];

/// What a busy service with many routes says: mostly a histogram by route, method and status, and
/// gauges and counters of its own. All of it is valid for every one of the parsers.
fn text() -> (String, usize) {
    let mut out = String::new();
    let mut series = 0;
    writeln!(out, "# HELP http_request_duration_seconds How long answers took.").unwrap();
    writeln!(out, "# TYPE http_request_duration_seconds histogram").unwrap();
    let name = "http_request_duration_seconds";
    for route in 0..SERIES / 12 / 2 {
        let status = if route % 10 == 0 { "500" } else { "200" };
        let labels =
            format!("method=\"GET\",route=\"/api/v1/resources/{route}/items\",status_code=\"{status}\"");
        for (n, bound) in BOUNDS.iter().enumerate() {
            writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {}", route + n * 7).unwrap();
        }
        writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", route + 70).unwrap();
        writeln!(out, "{name}_sum{{{labels}}} {}", f64::from(u32::try_from(route).unwrap()) * 0.37).unwrap();
        writeln!(out, "{name}_count{{{labels}}} {}", route + 70).unwrap();
        series += 12;
    }
    for family in 0..50 {
        writeln!(out, "# HELP queue_{family}_depth Waiting.\n# TYPE queue_{family}_depth gauge").unwrap();
        for shard in 0..(SERIES - SERIES / 2) / 50 {
            writeln!(out, "queue_{family}_depth{{shard=\"{shard}\",zone=\"eu-west-1a\"}} {shard}.25")
                .unwrap();
            series += 1;
        }
    }
    (out, series)
}

fn scraping(c: &mut Criterion) {
    let (text, series) = text();
    let mut group = c.benchmark_group(format!("a scrape of {series} series, {} KiB", text.len() / 1024));
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    // Each must have understood all of it, or the race is none.
    group.bench_function("qd, every label and value", |b| {
        b.iter(|| {
            let (mut labels, mut sum) = (0, 0.0);
            let tally = parse(black_box(text.as_bytes()), &mut |line: Line<'_>| {
                if let Line::Sample(sample) = line {
                    labels += sample
                        .labels
                        .iter()
                        .map(|(name, value)| name.len() + value.text().len())
                        .sum::<usize>();
                    sum += sample.value;
                }
            });
            assert_eq!((tally.samples, tally.bad), (series as u64, 0));
            (labels, sum)
        });
    });
    let wanted = Wanted::default();
    group.bench_function("qd, as it scrapes", |b| {
        b.iter(|| {
            let mut collector = Collector::new(&wanted);
            let tally = parse(black_box(text.as_bytes()), &mut collector);
            assert_eq!(tally.bad, 0);
            collector.end()
        });
    });
    group.bench_function("prometheus-parse", |b| {
        b.iter(|| {
            let lines = black_box(&text).lines().map(|line| Ok(line.to_owned()));
            let scrape = prometheus_parse::Scrape::parse(lines).unwrap();
            assert!(scrape.samples.len() > SERIES / 2);
            scrape
        });
    });
    group.bench_function("openmetrics-parser", |b| {
        b.iter(|| {
            let exposition = openmetrics_parser::prometheus::parse_prometheus(black_box(&text)).unwrap();
            assert_eq!(exposition.families.len(), 51);
            exposition
        });
    });
    group.finish();
}

criterion_group!(benches, scraping);
criterion_main!(benches);
