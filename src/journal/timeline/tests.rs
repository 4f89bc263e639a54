//! What happened, in order, as humans tell it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::fleet::{EngineId, Image, Revision};
use crate::journal::{Adoption, NewOperation, StepEnd, StepRecord, Who};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn service(name: &str) -> ServiceId {
    ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: name.into() }
}

fn who(user: &str) -> Who {
    Who { user: user.into(), ..Who::default() }
}

fn event(second: i64, replica: &str, kind: &str, note: &str) -> EventRecord {
    EventRecord {
        at: at(second),
        service: service(replica.rsplit_once('-').unwrap().0),
        replica: replica.into(),
        kind: kind.into(),
        note: note.into(),
        planned: None,
    }
}

fn operation(id: i64, second: i64, state: OperationState) -> OperationRecord {
    let image =
        |tag: &str| Image { reference: format!("shop/api:{tag}").into(), id: format!("sha256:{tag}").into() };
    let ended = state.ended().then(|| at(second + 14));
    OperationRecord {
        id,
        begun: NewOperation {
            instance: "one".into(),
            host: "prod-1".into(),
            endpoint: String::new(),
            services: vec![service("api")],
            change: "deploy".into(),
            sentence: "deploy shop/api 1.3.9 → 1.4.2".into(),
            plan: String::new(),
            images: vec![(service("api"), image("1.3.9"), image("1.4.2"))],
            who: who("ada"),
        },
        at: at(second),
        state,
        sentence: if state == OperationState::Done {
            String::new()
        } else {
            "it never became healthy".into()
        },
        took: ended.map(|_| Duration::from_secs(14)),
        ended,
        adoptions: Vec::new(),
        steps: Vec::new(),
        alive: false,
    }
}

fn told(timeline: &Timeline) -> Vec<String> {
    let second = |t: Timestamp| t.as_second() - at(0).as_second();
    timeline.moments.iter().map(|m| format!("{} {}", second(m.at), m.sentence())).collect()
}

/// Of events, oldest first.
fn of(mut events: Vec<EventRecord>) -> Timeline {
    events.reverse();
    Timeline::of(Vec::new(), events, Vec::new())
}

#[test]
fn everything_in_one_list_by_time() {
    let reveal = RevealRecord {
        at: at(5),
        service: service("api"),
        names: vec!["DB_PASSWORD".into()],
        who: who("bob"),
    };
    let timeline = Timeline::of(
        vec![operation(2, 20, OperationState::Undone), operation(1, 3, OperationState::Done)],
        vec![event(30, "api-1", "unhealthy", ""), event(1, "web-1", "died", "exit 1")],
        vec![reveal],
    );
    assert_eq!(
        told(&timeline),
        [
            "1 web-1 died (exit 1)",
            "3 #1 deploy shop/api 1.3.9 → 1.4.2: done in 14 s",
            "5 the value of DB_PASSWORD was shown",
            "20 #2 deploy shop/api 1.3.9 → 1.4.2: undone in 14 s: it never became healthy",
            "30 api-1 became unhealthy",
        ]
    );
    let by: Vec<_> = timeline.moments.iter().map(Moment::who).collect();
    assert_eq!(by, ["", "ada", "bob", "ada", ""]);
    let tones: Vec<_> = timeline.moments.iter().map(Moment::tone).collect();
    assert_eq!(tones, [Tone::Bad, Tone::Good, Tone::Warn, Tone::Warn, Tone::Bad]);
}

#[test]
fn a_restart_is_one_thing() {
    let timeline = of(vec![
        event(0, "api-1", "killed", "SIGTERM"),
        // Another one's, in between.
        event(1, "web-1", "died", "exit 1"),
        event(10, "api-1", "killed", "SIGKILL"),
        event(10, "api-1", "died", "exit 137"),
        event(10, "api-1", "stopped", ""),
        event(11, "api-1", "started", ""),
        event(11, "api-1", "restarted", ""),
    ]);
    assert_eq!(told(&timeline), ["1 web-1 died (exit 1)", "11 api-1 was restarted"]);
}

#[test]
fn a_stop_tells_how_it_ended_when_not_well() {
    let stop = |note: &str| {
        of(vec![
            event(0, "api-1", "killed", "SIGTERM"),
            event(10, "api-1", "died", note),
            event(10, "api-1", "stopped", ""),
        ])
    };
    assert_eq!(told(&stop("exit 0")), ["10 api-1 was stopped"]);
    assert_eq!(told(&stop("exit 143")), ["10 api-1 was stopped"]);
    assert_eq!(told(&stop("exit 137")), ["10 api-1 was stopped (exit 137)"]);
}

#[test]
fn who_died_by_itself_was_not_stopped() {
    // It died; then somebody restarted it.
    let timeline = of(vec![
        event(0, "api-1", "died", "exit 1"),
        event(60, "api-1", "started", ""),
        event(60, "api-1", "restarted", ""),
    ]);
    assert_eq!(told(&timeline), ["0 api-1 died (exit 1)", "60 api-1 was restarted"]);
    // A signal that ended it, long before somebody asked it to stop.
    let timeline = of(vec![
        event(0, "api-1", "killed", "SIGKILL"),
        event(0, "api-1", "died", "exit 137"),
        event(3600, "api-1", "stopped", ""),
    ]);
    assert_eq!(told(&timeline).len(), 3);
}

#[test]
fn a_crash_loop_is_told_once_with_its_count() {
    let mut events = Vec::new();
    for n in 0..20 {
        events.push(event(n * 30, "api-1", "died", if n == 7 { "exit 2" } else { "exit 1" }));
        events.push(event(n * 30 + 5, "api-1", "started", ""));
        events.push(event(n * 30 + 6, "web-1", if n % 2 == 0 { "unhealthy" } else { "healthy" }, ""));
    }
    let timeline = of(events);
    assert_eq!(
        told(&timeline),
        [
            "0 api-1 died 20 times in 9 min 30 s (exit 1, exit 2)",
            "6 web-1 became unhealthy 10 times in 9 min",
            // How it stood in the end.
            "575 api-1 started",
            "576 web-1 became healthy",
        ]
    );
    assert_eq!(timeline.moments[0].until, Some(at(570)));
}

#[test]
fn twice_is_no_run_and_hours_apart_neither() {
    let deaths = |seconds: &[i64]| of(seconds.iter().map(|s| event(*s, "api-1", "died", "exit 1")).collect());
    assert_eq!(told(&deaths(&[0, 10])).len(), 2);
    assert_eq!(told(&deaths(&[0, 10, 20])), ["0 api-1 died 3 times in 20 s (exit 1)"]);
    assert_eq!(told(&deaths(&[0, 4000, 8000])).len(), 3);
}

#[test]
fn filters_choose() {
    let part = EventRecord { planned: Some(1), ..event(4, "api-1", "stopped", "") };
    let running = OperationRecord { alive: true, ..operation(3, -500, OperationState::Running) };
    let timeline = Timeline::of(
        vec![operation(1, 3, OperationState::Done), running],
        vec![event(1, "web-1", "died", "exit 1"), part, event(9, "web-1", "started", "")],
        vec![RevealRecord {
            at: at(5),
            service: service("api"),
            names: vec!["TOKEN".into()],
            who: who("bob"),
        }],
    );
    let shown = |filter: Filter| timeline.shown(&filter).map(Moment::sentence).collect::<Vec<_>>();
    let all = Filter::default();
    assert_eq!(shown(all.clone()).len(), 5, "all but the part of an operation");
    assert_eq!(shown(Filter { parts: true, ..all.clone() }).len(), 6);
    let web = Filter { services: vec![service("web")], ..all.clone() };
    assert_eq!(shown(web.clone()), ["web-1 died (exit 1)", "web-1 started"]);
    assert_eq!(shown(Filter { kinds: vec![Kind::Health], ..web }), ["web-1 died (exit 1)"]);
    assert_eq!(shown(Filter { kinds: vec![Kind::Reveal], ..all.clone() }), ["the value of TOKEN was shown"]);
    // What was under way then is in, and what goes on.
    let since = shown(Filter { since: Some(at(10)), ..all.clone() });
    assert_eq!(since.len(), 2, "{since:?}");
    assert!(since[0].starts_with("#3") && since[1].starts_with("#1"), "{since:?}");
    assert_eq!(shown(Filter { until: Some(at(1)), ..all.clone() }).len(), 2);
    assert_eq!(shown(Filter { text: "BOB token".into(), ..all.clone() }).len(), 1);
    assert_eq!(shown(Filter { text: "shop/web died".into(), ..all }).len(), 1);
}

#[test]
fn how_an_operation_stands_is_said() {
    let said = |state, alive| {
        let record = OperationRecord { alive, ..operation(7, 0, state) };
        let timeline = Timeline::of(vec![record], Vec::new(), Vec::new());
        let sentence = timeline.moments[0].sentence();
        let sentence = sentence.strip_prefix("#7 deploy shop/api 1.3.9 → 1.4.2: ").unwrap().to_owned();
        (sentence, timeline.moments[0].tone())
    };
    assert_eq!(said(OperationState::Running, true), ("under way".into(), Tone::Busy));
    assert_eq!(said(OperationState::Undoing, true).0, "going back: it never became healthy");
    assert_eq!(said(OperationState::Running, false).0, "left in the middle: it never became healthy");
    assert_eq!(said(OperationState::Undoing, false).1, Tone::Bad);
    assert_eq!(
        said(OperationState::Failed, false),
        ("failed in 14 s: it never became healthy".into(), Tone::Bad)
    );
    assert_eq!(said(OperationState::Refused, false), ("refused: it never became healthy".into(), Tone::Warn));
}

fn report<'a>(moments: Vec<&'a Moment>, revisions: &'a [Revision], by: &'a Who) -> Report<'a> {
    Report {
        subject: "shop/api".into(),
        host: "prod-1".into(),
        from: Some(at(0)),
        to: at(3600),
        by,
        utc: true,
        moments,
        revisions,
        step: &|_, number| (number == 1).then(|| "create api-1".to_owned()),
    }
}

fn revision(number: u32, tag: &str, first: i64, by: Option<i64>) -> Revision {
    Revision {
        service: service("api"),
        number,
        image: Image { reference: "shop/api:latest".into(), id: format!("sha256:{tag}").into() },
        spec: None,
        first_seen: at(first),
        last_seen: at(first),
        by,
        current: false,
    }
}

#[test]
fn a_report_tells_the_incident() {
    let step = |number, back, ended: Option<(i64, bool, &str)>| StepRecord {
        number,
        back,
        began: at(20),
        ended: ended.map(|(s, ok, note)| (at(s), StepEnd { ok, done: String::new(), note: note.into() })),
    };
    let undone = OperationRecord {
        steps: vec![
            step(1, false, Some((21, true, ""))),
            step(2, false, Some((33, false, "it is unhealthy | really"))),
            step(1, true, Some((34, true, ""))),
            step(3, true, None),
        ],
        adoptions: vec![Adoption { at: at(30), who: who("bob") }],
        ..operation(2, 20, OperationState::Undone)
    };
    let part = EventRecord { planned: Some(2), ..event(22, "api-1", "died", "exit 1") };
    let timeline = Timeline::of(
        vec![undone],
        vec![event(1, "api-1", "died", "exit 1"), event(2, "api-2", "died", "exit 0"), part],
        vec![RevealRecord {
            at: at(40),
            service: service("api"),
            names: vec!["TOKEN".into()],
            who: who("eve"),
        }],
    );
    let revisions = [revision(1, "a", -900, None), revision(2, "b", 10, None), revision(3, "c", 20, Some(2))];
    let moments = timeline.moments.iter().collect();
    insta::assert_snapshot!(
        markdown(&report(moments, &revisions, &who("ada"))).replace(env!("CARGO_PKG_VERSION"), "VERSION")
    );
}

#[test]
fn nothing_is_said_to_be_nothing() {
    let text = markdown(&report(Vec::new(), &[], &who("ada")));
    assert!(text.contains("**Nothing of note was recorded in this time.**"), "{text}");
    assert!(!text.contains("##"), "{text}");
}

proptest! {
    /// Whatever names and messages hold: the table stays a table, and nothing of it is markup or a
    /// control character.
    #[test]
    fn hostile_text_is_only_text(evil in any::<String>(), more in "[|`<>*_#@\\\\\\[\\]!~&\\n\\x1b]{0,20}") {
        let evil = format!("{evil}{more}");
        let mut record = operation(1, 0, OperationState::Failed);
        record.sentence.clone_from(&evil);
        record.begun.sentence.clone_from(&evil);
        record.begun.who = who(&evil);
        let end = StepEnd { ok: false, done: String::new(), note: evil.clone() };
        record.steps.push(StepRecord { number: 1, back: false, began: at(0), ended: Some((at(1), end)) });
        let mut told = event(2, "api-1", "died", &evil);
        told.replica.clone_from(&evil);
        let timeline = Timeline::of(vec![record], vec![told], Vec::new());
        let by = who(&evil);
        let mut page = report(timeline.moments.iter().collect(), &[], &by);
        page.subject.clone_from(&evil);
        let step = |_: &OperationRecord, _| Some(evil.clone());
        page.step = &step;
        let text = markdown(&page);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        prop_assert!(!text.contains('<') && !text.contains('`') && !text.contains('@'));
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            // Every row has the columns of its table.
            if let Some(rule) = line.strip_prefix('|').filter(|l| l.starts_with("---")) {
                let columns = rule.matches('|').count();
                while let Some(row) = lines.next_if(|l| l.starts_with('|')) {
                    prop_assert_eq!(row.matches('|').count(), columns + 1, "{}", row);
                }
            }
        }
    }

    /// Folding loses no trouble: as many deaths are told as there were, but for those of a stop.
    #[test]
    fn every_death_is_counted(kinds in proptest::collection::vec(0_usize..4, 0..60)) {
        const KINDS: [&str; 4] = ["died", "started", "unhealthy", "healthy"];
        let events: Vec<_> =
            (0_i64..).zip(&kinds).map(|(s, kind)| event(s * 7, "api-1", KINDS[*kind], "exit 1")).collect();
        let told = of(events);
        for (index, kind) in KINDS.iter().enumerate().filter(|(_, kind)| ["died", "unhealthy"].contains(kind)) {
            let count: u32 = told.moments.iter().map(|m| match &m.what {
                What::Event { event, times } if event.kind == *kind => *times,
                _ => 0,
            }).sum();
            prop_assert_eq!(count as usize, kinds.iter().filter(|k| **k == index).count());
        }
        prop_assert!(told.moments.is_sorted_by_key(|m| m.at));
    }
}

#[tokio::test]
async fn the_newest_are_read_from_the_journal() {
    let journal = Journal::in_memory().unwrap();
    let events = |range: std::ops::Range<i64>| {
        range.map(|n| event(n * 5000, &format!("r{}-1", n % 3), "restarted", "")).collect::<Vec<_>>()
    };
    journal.happened("one", events(0..200)).await.unwrap();
    journal.happened("two", vec![event(9_999_999, "api-1", "restarted", "")]).await.unwrap();
    let read = async |filter: &Filter, limit| {
        told(&Timeline::read(&journal, Some("one"), filter, limit).await.unwrap())
    };
    let all = Filter::default();
    assert_eq!(read(&all, 2).await, ["990000 r0-1 was restarted", "995000 r1-1 was restarted"]);
    assert_eq!(read(&all, 1000).await.len(), 200);
    let one = Filter { services: vec![service("r2")], ..Filter::default() };
    assert_eq!(read(&one, 1).await, ["985000 r2-1 was restarted"]);
    // Few of many: everything is looked at.
    let late = Filter { until: Some(at(5000)), ..Filter::default() };
    assert_eq!(read(&late, 1).await, ["5000 r1-1 was restarted"]);
}
