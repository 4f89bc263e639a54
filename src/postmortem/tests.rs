//! From what was found to what is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::{SignedDuration, Timestamp};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// Of `shop/api`, which ran for a minute and ended with that code; all the engine told is known.
fn died(code: i64) -> Record {
    Record {
        host: "box".into(),
        of: Subject {
            engine: "docker".into(),
            service: "shop/api".into(),
            replica: "shop_api_1".into(),
            id: "0123456789abcdef".into(),
            image: "shop/api:1.4.2".into(),
            image_id: "sha256:fedcba9876543210".into(),
            ..Subject::default()
        },
        at: at(60),
        started: Some(at(0)),
        exit: Some(code),
        told: true,
        start_told: true,
        policy: "no".into(),
        ends: vec![at(60)],
        times: 1,
        first: at(60),
        witnessed: true,
        ..Record::default()
    }
}

fn sent(second: i64, signal: &str) -> Signal {
    Signal { at: at(second), signal: signal.into() }
}

fn used(mib: u32, second: i64) -> Sample {
    Sample { at: at(second), memory: Some(mib as f32 * 1_048_576.0), ..Sample::default() }
}

fn told(it: &Record) -> (Kind, bool) {
    let cause = Cause::of(it);
    (cause.kind, cause.certain)
}

#[test]
fn every_death_has_its_name() {
    use Kind::{
        Crashed, Ended, Failed, HostOutOfMemory, KilledByRequest, KilledFromOutside, NotStarted, Operation,
        OutOfMemory, Stopped, Unknown, WithEngine,
    };
    const LIMIT: Option<u64> = Some(64 << 20);
    let killed = || died(137);
    let machine = |used| Some(Machine { memory: Some(used), memory_total: Some(100), ..Machine::default() });
    let cases: Vec<(&str, Record, Kind, bool)> = vec![
        ("own error", died(3), Failed, true),
        ("own end", died(0), Ended, true),
        ("not found", died(127), NotStarted, true),
        (
            "no such program",
            Record { error: Some("exec: no such file".into()), ..died(127) },
            NotStarted,
            true,
        ),
        ("segfault", died(139), Crashed, true),
        ("abort", died(134), Crashed, true),
        ("asked by HUP", Record { signals: vec![sent(60, "HUP")], ..died(129) }, KilledByRequest, true),
        ("TERM from outside", died(143), KilledFromOutside, true),
        ("TERM through the engine", Record { signals: vec![sent(59, "15")], ..died(143) }, Stopped, true),
        ("engine's flag", Record { oom: true, limit: LIMIT, ..killed() }, OutOfMemory, true),
        ("no limit", Record { oom: true, ..killed() }, HostOutOfMemory, true),
        ("flag, and an end of its own", Record { oom: true, limit: LIMIT, ..died(1) }, OutOfMemory, true),
        ("a worker long before", Record { oom: true, oom_at: Some(at(-120)), ..died(1) }, Failed, true),
        ("full, no flag", Record { limit: LIMIT, usage: vec![used(63, 55)], ..killed() }, OutOfMemory, false),
        ("was full", Record { limit: LIMIT, usage: vec![used(63, 5)], ..killed() }, KilledFromOutside, true),
        ("machine full", Record { machine: machine(99), ..killed() }, HostOutOfMemory, false),
        ("machine not", Record { machine: machine(50), ..killed() }, KilledFromOutside, true),
        ("kill -9", killed(), KilledFromOutside, true),
        ("kill -9 unseen", Record { told: false, ..killed() }, KilledFromOutside, false),
        ("docker kill", Record { signals: vec![sent(60, "SIGKILL")], ..killed() }, KilledByRequest, true),
        (
            "deaf",
            Record { signals: vec![sent(50, "15"), sent(60, "9")], stopped: true, ..killed() },
            Stopped,
            true,
        ),
        (
            "deaf, stop not told",
            Record { signals: vec![sent(50, "15"), sent(60, "9")], ..killed() },
            Stopped,
            true,
        ),
        (
            "a stop long ago",
            Record { signals: vec![sent(-900, "15")], started: None, ..died(1) },
            Failed,
            true,
        ),
        ("operation", Record { planned: Some("operation 3".into()), ..killed() }, Operation, true),
        (
            "outage",
            Record { outage: Some(Outage { from: at(40), until: at(90) }), ..killed() },
            WithEngine,
            true,
        ),
        (
            "ended by the engine as it came back",
            Record {
                outage: Some(Outage { from: at(40), until: at(90) }),
                signals: vec![sent(50, "15"), sent(60, "9")],
                stopped: true,
                ..killed()
            },
            WithEngine,
            true,
        ),
        (
            "stopped, or by the engine",
            Record { signals: vec![sent(50, "15"), sent(60, "9")], start_told: false, ..killed() },
            Stopped,
            false,
        ),
        ("255 unseen", Record { told: false, ..died(255) }, WithEngine, false),
        ("255 seen", died(255), Failed, true),
        ("forgotten", Record { exit: None, ..died(0) }, Unknown, true),
    ];
    for (name, it, kind, certain) in cases {
        assert_eq!(told(&it), (kind, certain), "{name}: {}", Cause::of(&it).sentence());
    }
}

#[test]
fn sentences_say_it_in_words() {
    let oom = Record { oom: true, limit: Some(64 << 20), ..died(137) };
    assert_eq!(Cause::of(&oom).sentence(), "Out of memory at its limit of 64MiB: the kernel killed it");
    let guess = Record { limit: Some(64 << 20), usage: vec![used(63, 59)], ..died(137) };
    assert_eq!(
        Cause::of(&guess).sentence(),
        "Probably out of memory: it used 63MiB of its limit of 64MiB when SIGKILL ended it (exit code 137); the \
         engine does not say so"
    );
    assert_eq!(
        Cause::of(&died(143)).sentence(),
        "SIGTERM ended it (exit code 143), which did not come through the engine"
    );
}

#[test]
fn a_loop_is_told_with_its_cadence() {
    let ends: Vec<Timestamp> = [0, 1, 3, 7, 15, 31].map(at).to_vec();
    let it = Record { at: at(31), started: Some(at(30)), first: at(0), times: 6, ends, ..died(3) };
    let cause = Cause::of(&it);
    assert_eq!(
        cause.crash_loop,
        Some(Cadence { times: 6, over_ms: 31_000, every_ms: Some(4000), slowing: true })
    );
    assert_eq!(
        cause.sentence(),
        "Crash loop, 6 deaths in 31 s (every 4 s, the engine waits longer each time): it ended by itself with \
         exit code 3: an error of its own"
    );
    // Two are none, and what somebody wanted is none.
    assert_eq!(Cause::of(&Record { times: 2, ends: vec![at(0), at(31)], ..it.clone() }).crash_loop, None);
    assert_eq!(Cause::of(&Record { stopped: true, ..it }).crash_loop, None);
}

#[test]
fn a_later_death_of_the_spell_keeps_the_count() {
    let ending = |ends: &[i64]| {
        let ends: Vec<Timestamp> = ends.iter().copied().map(at).collect();
        let (first, last) = (ends[0], *ends.last().unwrap());
        Record { at: last, first, times: ends.len() as u32, ends, ..died(3) }
    };
    let (first, later) = (ending(&[0, 5]), ending(&[5, 10, 15]));
    let both = later.clone().after(&first);
    assert_eq!((both.times, both.first, both.at), (4, at(0), at(15)));
    assert_eq!(both.ends, [0, 5, 10, 15].map(at));
    // Two who look on count each death once.
    assert_eq!(later.after(&both).times, 4);
    // Of very many the count stays.
    let many: Vec<i64> = (0..100).collect();
    let mut long = ending(&many);
    long.tidy();
    assert_eq!((long.ends.len(), long.times), (64, 100));
    assert_eq!(ending(&[200]).after(&long).times, 101);
}

#[test]
fn what_does_not_fit_is_left_out_oldest_lines_first() {
    let line = |n: usize| LogLine { text: format!("{n} {}", "x".repeat(2000)), ..LogLine::default() };
    let it = Record { log: (0..200).map(line).collect(), ..died(1) };
    let (kept, json) = it.to_json();
    assert!(json.len() <= 256 * 1024, "{}", json.len());
    assert_eq!(kept.log.len() + kept.log_cut as usize, 200);
    assert!(kept.log_cut > 0 && kept.log.last().unwrap().text.starts_with("199 "));
    assert_eq!(read(&json), kept, "it comes back as it was");
    assert!(read("{").unknown[0].contains("can't be read"));
}

#[test]
fn the_last_error_is_the_telling_line_of_its_last_run() {
    let line = |second: i64, level: &str, text: &str| LogLine {
        at: Some(at(second)),
        level: level.into(),
        text: text.into(),
        ..LogLine::default()
    };
    let log = vec![
        line(-5, "error", "Error: of the run before"),
        line(50, "error", "Error: connect ECONNREFUSED 10.0.3.7:5432"),
        line(50, "error", "    at TCPConnectWrap.afterConnect"),
        line(50, "error", "  port: 5432"),
        line(50, "error", "}"),
        line(55, "info", "bye"),
    ];
    let it = Record { log, ..died(1) };
    assert_eq!(
        facts(&it),
        ["the last error it logged (10 s before): Error: connect ECONNREFUSED 10.0.3.7:5432"]
    );
    let quiet = Record { log: vec![line(55, "", r#"{"msg":"bye","n":1}"#)], ..died(1) };
    assert_eq!(facts(&quiet), ["the last it logged (5 s before): bye n=1"]);
}

/// A death with everything there is to know.
pub(crate) fn whole() -> Record {
    let moment =
        |second: i64, what: &str, by: &str| Moment { at: at(second), what: what.into(), by: by.into() };
    Record {
        oom: true,
        oom_at: Some(at(60)),
        limit: Some(64 << 20),
        policy: "unless-stopped".into(),
        restarts: Some(1),
        usage: (0..12).map(|n| used(20 + 4 * n, i64::from(n) * 5)).collect(),
        machine: Some(Machine {
            cpu: Some(0.9),
            cores: Some(4),
            load: Some(11.0),
            memory: Some(7 << 30),
            memory_total: Some(8 << 30),
            disk: Some(98),
            disk_total: Some(100),
        }),
        check: Some(Check {
            test: "CMD-SHELL curl -f localhost/health".into(),
            streak: 2,
            results: vec![
                CheckResult { at: at(30), exit: 0, output: "ok".into() },
                CheckResult { at: at(50), exit: 22, output: "curl: (22) 503\nno | luck".into() },
            ],
        }),
        probes: vec![ProbeWord {
            probe: "http /health".into(),
            at: at(55),
            standing: "failing".into(),
            why: "status 503".into(),
        }],
        changes: vec![moment(-200, "#12 deploy shop/api 1.3.9 → 1.4.2: done in 8 s", "ada")],
        before: vec![moment(-190, "shop_api_1 started", "operation 12")],
        incidents: vec![Note { id: Some(7), at: at(20), what: "high memory on shop/api: memory 98%".into() }],
        log: vec![
            LogLine {
                at: Some(at(58)),
                level: "warn".into(),
                text: "heap is *nearly* full".into(),
                ..LogLine::default()
            },
            LogLine {
                at: Some(at(59)),
                level: "error".into(),
                text: "FATAL ```` out of heap <b>".into(),
                ..LogLine::default()
            },
        ],
        unknown: vec!["what the engine remembers: it did not answer in time".into()],
        ..died(137)
    }
}

#[test]
fn the_report_is_whole_and_nothing_in_it_is_markup() {
    let page = Page::of(&whole(), Some(3), true, at(120));
    let report = markdown(&page);
    insta::assert_snapshot!(report);
    // The fence is longer than any run of backticks in the log.
    assert!(report.contains("\n`````text\n"), "{report}");
    assert!(!report.contains("503\nno | luck\n-"), "{report}");
}

#[test]
fn what_is_on_screen_is_in_the_report() {
    let page = Page::of(&whole(), None, true, at(120));
    assert_eq!(page.title, "Post-mortem of shop/api");
    let report = markdown(&page);
    for row in &page.rows {
        if let Row::Head(title) = row {
            assert!(report.contains(&format!("\n## {title}\n")), "{title}");
        }
    }
    assert!(whole().ran().unwrap() == SignedDuration::from_mins(1));
}
