//! A post-mortem of the demo's crash loop, as collecting would bring it.

use jiff::{SignedDuration, Timestamp};
use quarterdeck::console::{Effect, Msg};
use quarterdeck::engine::LogQuery;
use quarterdeck::logs::level;
use quarterdeck::postmortem::{Found, LogLine, Machine, Moment, Note, Record, Sample, Subject};
use quarterdeck::text::sanitize;

use super::Stage;

/// Answer what was asked last with post-mortem 3; there are two older ones.
pub fn answer(stage: &mut Stage) {
    let asked = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::PostMortem(number, ..) => Some(*number),
        _ => None,
    });
    let number = asked.expect("a post-mortem was asked for");
    let found = Found { id: Some(3), record: record(stage), note: None };
    stage.send(Msg::PostMortem(number, Ok(Some((Box::new(found), vec![3, 2, 1])))));
    stage.settle();
}

/// Why `payment-service` died last.
pub fn record(stage: &Stage) -> Record {
    let service = stage.service("payment-service");
    let replica = stage.model.fleet.replicas_of(&service).next().unwrap().clone();
    let at = replica.finished.unwrap();
    let ago = |seconds: i64| at - SignedDuration::from_secs(seconds);
    let moment = |at: Timestamp, what: &str, by: &str| Moment { at, what: what.into(), by: by.into() };
    let lines = stage.world.logs(&replica.id, &LogQuery { tail: Some(40), ..LogQuery::default() }).unwrap();
    let log = lines.iter().filter(|line| line.at <= at).map(|line| {
        let text = sanitize::line(line.text.as_bytes()).text;
        let level = level::detect(&text);
        let level = if level == quarterdeck::logs::Level::Unknown { "" } else { level.word() };
        LogLine { at: Some(line.at), stderr: line.stderr, level: level.into(), text: text.to_string() }
    });
    let sample = |n: i64| Sample {
        at: ago(5 * (12 - n)),
        cpu: Some(0.4 + 0.03 * n as f32),
        memory: Some((60 << 20) as f32 + 1e6 * n as f32),
        pids: Some(12.0),
        ..Sample::default()
    };
    let ends: Vec<Timestamp> = [123, 121, 117, 112, 103, 88, 60, 0].map(ago).to_vec();
    Record {
        host: "demo-host".into(),
        of: Subject {
            engine: service.engine.to_string(),
            service: service.path(),
            replica: replica.name.to_string(),
            id: replica.id.id.to_string(),
            image: replica.image.reference.to_string(),
            image_id: replica.image.id.to_string(),
            ..Subject::default()
        },
        at,
        started: Some(ago(2)),
        exit: Some(1),
        told: true,
        policy: "unless-stopped".into(),
        restarts: Some(10),
        limit: Some(512 << 20),
        first: ends[0],
        times: ends.len() as u32,
        ends,
        log: log.collect(),
        usage: (0..12).map(sample).collect(),
        machine: Some(Machine {
            cpu: Some(0.33),
            cores: Some(8),
            load: Some(2.5),
            memory: Some(3 << 30),
            memory_total: Some(16 << 30),
            disk: Some(284),
            disk_total: Some(400),
        }),
        changes: vec![moment(
            ago(125),
            "#3 deploy group-buying/payment-service 1.3.9 → 1.4.2: done in 6 s",
            "ada (from 10.0.0.17)",
        )],
        before: vec![moment(ago(123), "group-buying-payment-service-1 died 7 times in 63 s (exit 1)", "")],
        incidents: vec![Note {
            id: Some(12),
            at: ago(100),
            what: "RestartLoop on group-buying/payment-service: restarts 4".into(),
        }],
        witnessed: true,
        ..Record::default()
    }
}
