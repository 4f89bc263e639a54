#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::{Acknowledged, Severity, Silence, parse};
use super::*;
use crate::fleet::testing::{at, exited, running, service, synced};
use crate::fleet::{Fleet, Link, Measured, Observation, Replica};

fn rules(text: &str) -> Rules {
    let parsed = parse("r", text);
    assert_eq!(parsed.mistakes, []);
    Rules::of(Vec::new(), parsed.rules, &parsed.off)
}

const DOWN: &str = "- {name: Down, condition: down, duration: 1m, severity: critical}";
const RATE: &str = "- {name: Rate, condition: error_rate > 5%, duration: 1m}";

/// A fleet, a book, and a clock.
struct Bench {
    fleet: Fleet,
    book: Book,
    operations: Vec<(ServiceId, Arc<str>)>,
    silences: Vec<Silence>,
}

impl Bench {
    fn new(text: &str) -> Self {
        let fleet = Fleet::new();
        let book = Book::new(&rules(text));
        let mut bench = Self { fleet, book, operations: Vec::new(), silences: Vec::new() };
        bench.fleet.apply(Observation::Link(Link::Live));
        bench.see(0, &[api()]);
        bench
    }

    fn see(&mut self, seconds: i64, replicas: &[Replica]) {
        self.fleet.apply(synced(seconds, replicas));
    }

    fn rate(&mut self, seconds: i64, rate: f64) {
        self.fleet.apply(Observation::Measured(Measured {
            at: at(seconds),
            service: api().service,
            replica: None,
            values: vec![("error_rate".into(), rate)],
        }));
    }

    /// `opened`, `unmuted`, `closed over`, … at that second.
    fn at(&mut self, seconds: i64) -> Vec<String> {
        let muting = Muting { operations: &self.operations, silences: &self.silences };
        let changes = self.book.evaluate(&self.fleet, &muting, at(seconds));
        let word = |change: &Change| {
            let incident = change.incident();
            let what = match change {
                Change::Opened(_) if incident.muted.is_some() => "opened quietly".to_owned(),
                Change::Opened(_) => "opened".to_owned(),
                Change::Unmuted(_) => "unmuted".to_owned(),
                Change::Closed(_) => format!("closed: {}", incident.closed.unwrap().1.words()),
            };
            format!("{} {what}", incident.key.rule)
        };
        changes.iter().map(word).collect()
    }

    /// Every so many seconds from one second up to another; what was told, with its second.
    fn run(&mut self, from: i64, to: i64, rate: impl Fn(i64) -> f64) -> Vec<String> {
        let mut told = Vec::new();
        for second in (from..=to).step_by(5) {
            self.rate(second, rate(second));
            told.extend(self.at(second).into_iter().map(|what| format!("{second} {what}")));
        }
        told
    }
}

fn api() -> Replica {
    running("shop", "api", "shop-api-1")
}

fn dead(seconds: i64) -> Replica {
    exited(api(), 1, seconds)
}

#[test]
fn it_opens_after_its_duration_and_closes_after_it_is_over() {
    let mut bench = Bench::new(RATE);
    let told = bench.run(0, 300, |second| if (100..200).contains(&second) { 0.08 } else { 0.01 });
    assert_eq!(told, ["160 Rate opened", "260 Rate closed: over"]);
    let quick = Bench::new(RATE).run(0, 300, |second| if (100..150).contains(&second) { 0.08 } else { 0.01 });
    assert_eq!(quick, [""; 0], "it did not hold for its duration");
}

#[test]
fn an_incident_says_what_is_wrong() {
    let mut bench = Bench::new(&format!("{RATE}\n{DOWN}"));
    bench.see(1, &[dead(1)]);
    bench.run(1, 70, |_| 0.082);
    let told: Vec<String> = bench.book.open().iter().map(|incident| incident.sentence()).collect();
    assert_eq!(told, ["Down on shop/api: down: exit 1", "Rate on shop/api: error_rate 8.2%"]);
    let worst = bench.book.open()[0];
    assert_eq!((worst.severity, worst.since, worst.opened), (Severity::Critical, at(1), at(61)));
    bench.run(75, 90, |_| 0.5);
    assert_eq!(bench.book.open()[1].sentence(), "Rate on shop/api: error_rate 50%");
}

#[test]
fn a_short_gap_neither_closes_nor_lets_open() {
    let mut bench = Bench::new(RATE);
    let told = bench.run(0, 600, |second| if second > 100 && second % 60 < 30 { 0.01 } else { 0.08 });
    assert_eq!(told, ["60 Rate opened"], "never over for a minute");
    let told = Bench::new(RATE).run(0, 600, |second| if second % 50 == 0 { 0.01 } else { 0.08 });
    assert_eq!(told, [""; 0], "it never held for a minute");
}

#[test]
fn what_comes_back_soon_is_counted_and_held_open_until_it_is_quiet() {
    let mut bench = Bench::new("- {name: Rate, condition: error_rate > 5%}");
    // Bad for 5 s every 30 s: it closes at once, until it has come three times.
    let told = bench.run(0, 200, |second| if second % 30 == 0 { 0.08 } else { 0.01 });
    assert_eq!(
        told,
        ["0 Rate opened", "5 Rate closed: over", "30 Rate opened", "35 Rate closed: over", "60 Rate opened",]
    );
    assert_eq!(bench.book.open()[0].times, 7, "each time it came is counted");
    let told = bench.run(205, 900, |_| 0.01);
    assert_eq!(told, ["785 Rate closed: over"], "quiet for ten minutes");
}

#[test]
fn what_is_not_known_neither_opens_nor_closes() {
    let mut bench = Bench::new(RATE);
    bench.run(0, 100, |_| 0.08);
    assert_eq!(bench.book.open().len(), 1);
    // Figures grow old after a minute, and then nobody knows.
    for second in (105..=900).step_by(5) {
        assert_eq!(bench.at(second), [""; 0], "{second}");
    }
    let mut told = Vec::new();
    for second in (905..=1100).step_by(5) {
        told.extend(bench.at(second));
    }
    assert_eq!(told, ["Rate closed: there are no figures any more"]);
}

#[test]
fn while_the_engine_is_lost_nothing_of_services_changes_but_that_is_told() {
    let mut bench = Bench::new(&format!("{DOWN}\n- {{name: Lost, condition: engine_lost, duration: 30s}}"));
    bench.see(1, &[dead(1)]);
    assert_eq!(bench.at(1), [""; 0]);
    let lost = Link::Lost {
        why: "connection refused".into(),
        remedy: String::new(),
        retry_in: std::time::Duration::from_secs(1),
    };
    bench.fleet.apply(Observation::Link(lost));
    assert_eq!(bench.at(10), [""; 0]);
    assert_eq!(bench.at(40), ["Lost opened"]);
    assert_eq!(bench.book.open()[0].sentence(), "Lost on host: connection refused");
    assert_eq!(bench.at(100), [""; 0]);
    bench.fleet.apply(Observation::Link(Link::Live));
    assert_eq!(bench.at(110), [""; 0], "its clock began anew");
    assert_eq!(bench.at(170), ["Lost closed: over", "Down opened"].iter().rev().copied().collect::<Vec<_>>());
}

#[test]
fn while_somebody_changes_the_service_the_clock_stands_still() {
    let mut bench = Bench::new(DOWN);
    bench.operations = vec![(api().service, "deploy".into())];
    bench.see(1, &[dead(1)]);
    for second in (1..=300).step_by(5) {
        assert_eq!(bench.at(second), [""; 0], "{second}");
    }
    let muting = Muting { operations: &bench.operations, silences: &[] };
    assert_eq!(&*muting.of_service(&api().service, at(0)).unwrap().why, "deploy is running");
    bench.operations.clear();
    assert_eq!(bench.at(310), [""; 0]);
    assert_eq!(bench.at(356), ["Down opened"], "a minute after they were done");
}

#[test]
fn a_silence_keeps_it_quiet_until_it_is_over() {
    let mut bench = Bench::new(DOWN);
    let silence = |target: &str| Silence {
        id: 1,
        target: target.into(),
        at: at(0),
        until: at(500),
        who: "ada".into(),
        reason: "migration".into(),
    };
    for target in ["Down", "shop/*", "shop", "api"] {
        let key = Key { rule: "Down".into(), service: Some(api().service) };
        assert!(silence(target).holds(&key, at(1)), "{target}");
        assert!(!silence(target).holds(&key, at(500)), "{target}");
    }
    bench.silences = vec![silence("sh*")];
    bench.see(1, &[dead(1)]);
    bench.at(1);
    assert_eq!(bench.at(61), ["Down opened quietly"]);
    assert_eq!(&*bench.book.open()[0].muted.clone().unwrap().why, "silenced by ada: migration");
    assert_eq!(bench.at(499), [""; 0]);
    assert_eq!(bench.at(500), ["Down unmuted"]);
    assert_eq!(bench.at(505), [""; 0], "told once");
}

#[test]
fn a_service_that_is_gone_takes_its_incident_along_but_not_one_that_is_made_anew() {
    let other = running("shop", "web", "shop-web-1");
    let mut bench = Bench::new(DOWN);
    bench.see(1, &[dead(1), other.clone()]);
    bench.at(1);
    assert_eq!(bench.at(61), ["Down opened"]);
    bench.see(70, std::slice::from_ref(&other));
    assert_eq!(bench.at(70), [""; 0]);
    bench.see(80, &[dead(1), other.clone()]);
    assert_eq!(bench.at(80), [""; 0]);
    assert_eq!(bench.book.open().len(), 1, "it was recreated");
    bench.see(90, std::slice::from_ref(&other));
    assert_eq!(bench.at(90), [""; 0]);
    assert_eq!(bench.at(150), ["Down closed: the service is gone"]);
}

#[test]
fn other_rules_keep_what_is_open_and_what_is_on_its_way() {
    let mut bench = Bench::new(&format!("{DOWN}\n{RATE}\n- {{name: Gone, condition: down}}"));
    bench.see(1, &[dead(1)]);
    assert_eq!(bench.run(1, 30, |_| 0.08), ["1 Gone opened"]);
    let fresh = "- {name: Down, condition: down, duration: 40s, severity: low}";
    bench.book.replace(&rules(&format!("{fresh}\n{RATE}")), at(31));
    assert_eq!(bench.at(36), ["Gone closed: the rule is gone"]);
    assert_eq!(bench.run(41, 61, |_| 0.08), ["41 Down opened", "61 Rate opened"]);
    bench.book.replace(&rules("- {name: Down, condition: down, severity: high}"), at(62));
    assert_eq!(bench.at(63), ["Rate closed: the rule is gone"]);
    assert_eq!(bench.book.open()[0].severity, Severity::High, "as the rule now says");
}

#[test]
fn what_was_open_at_the_last_end_is_taken_over() {
    let mut first = Bench::new(DOWN);
    first.see(1, &[dead(1)]);
    first.at(1);
    first.at(61);
    let mut open = first.book.open()[0].clone();
    open.id = Some(7);
    open.acknowledged = Some(Acknowledged { at: at(65), who: "ada".into(), note: "on it".into() });

    let mut second = Bench::new(DOWN);
    second.book.restore(vec![open.clone()], at(100));
    second.see(100, &[dead(1)]);
    assert_eq!(second.at(100), [""; 0], "it is known already");
    assert_eq!(second.book.open(), [&open]);
    second.see(200, &[api()]);
    assert_eq!(second.at(200), [""; 0]);
    assert_eq!(second.at(260), ["Down closed: over"]);

    let mut third = Bench::new(RATE);
    third.book.restore(vec![open], at(100));
    assert_eq!(third.at(100), ["Down closed: the rule is gone"]);
}

#[test]
fn rules_are_about_whom_they_say() {
    let mut bench = Bench::new(
        "- {name: Web, condition: down, service: shop/web}\n- {name: All, condition: down, except: '*/web'}",
    );
    let web = exited(running("shop", "web", "shop-web-1"), 1, 1);
    bench.see(1, &[dead(1), web]);
    bench.at(1);
    let mut open: Vec<String> = bench.book.open().iter().map(|incident| incident.sentence()).collect();
    open.sort();
    assert_eq!(open, ["All on shop/api: down: exit 1", "Web on shop/web: down: exit 1"]);
    assert_eq!(service("shop", "api"), api().service);
}

#[test]
fn two_rules_of_one_name_are_two() {
    let own =
        parse("r", "- {name: A, condition: down, service: x}\n- {name: A, condition: down, service: y}")
            .rules;
    let names: Vec<_> = Rules::of(own.clone(), own, &[]).iter().map(|rule| rule.name.clone()).collect();
    assert_eq!(names, ["A".into(), "A#2".into()] as [Arc<str>; 2], "and a default of that name goes");
}
