//! The README's pictures: real screens of the demo world at noon, a few keys after the start.

use std::sync::Arc;

use quarterdeck::console::{Effect, History, Msg};
use quarterdeck::engine::{LogQuery, TermSize};
use quarterdeck::follow::{Batch, Subject};
use quarterdeck::journal::OperationState;
use quarterdeck::logs::{Line, Source, Stream, level};
use quarterdeck::text::sanitize;

use crate::stage::{SMALL, Stage, deploy, postmortem};
use crate::svg;

const WIDE: TermSize = TermSize { cols: 120, rows: 34 };
/// Lines of history in the pictures of logs.
const TAIL: u64 = 40;

/// Name and picture of each.
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("main", main()),
        ("logs", logs()),
        ("stats", stats()),
        ("confirm", confirm()),
        ("plan", plan()),
        ("progress", progress()),
        ("revisions", revisions()),
        ("timeline", timeline()),
        ("incidents", incidents()),
        ("postmortem", why_it_died()),
        ("tree", tree()),
        ("ports", ports()),
        ("host", host()),
        ("help", help()),
        ("small", small()),
    ]
}

fn main() -> String {
    let mut stage = lived(WIDE);
    stage.at("payment-service");
    read_logs(&mut stage);
    svg::picture(&stage.draw(), "The main screen on the demo fleet")
}

fn logs() -> String {
    let mut stage = lived(WIDE);
    stage.at("order-service").keys("l z");
    read_logs(&mut stage);
    stage.keys("t").keys("/").write("!health").keys("enter");
    finish(&mut stage);
    svg::picture(&stage.draw(), "Logs of order-service, merged from its replicas, without health checks")
}

fn stats() -> String {
    let mut stage = lived(WIDE);
    stage.at("warehouse-service").keys("2 z");
    svg::picture(&stage.draw(), "CPU, memory, network and block I/O of warehouse-service")
}

fn confirm() -> String {
    let mut stage = lived(SMALL);
    stage.at("order-service");
    read_logs(&mut stage);
    stage.keys("x");
    svg::picture(&stage.draw(), "The question before order-service is stopped")
}

fn plan() -> String {
    let mut stage = lived(WIDE);
    stage.at("payment-service");
    read_logs(&mut stage);
    let image = deploy::next(&stage, "payment-service");
    stage.command(&format!("deploy {image}"));
    svg::picture(&stage.draw(), "The plan of a deploy, before the question is answered")
}

fn progress() -> String {
    let mut stage = lived(SMALL);
    let (job, plan) = deploy::deploy(&mut stage, "payment-service");
    read_logs(&mut stage);
    deploy::to_the_gate(&mut stage, job, &plan);
    svg::picture(&stage.draw(), "A deploy that waits for its health gate")
}

fn revisions() -> String {
    let mut stage = lived(SMALL);
    stage.at("payment-service");
    read_logs(&mut stage);
    stage.keys("R");
    svg::picture(&stage.draw(), "What payment-service ran before, to choose from")
}

fn timeline() -> String {
    let mut stage = lived(SMALL);
    stage.at("payment-service").keys("R enter y");
    let (_, plan, _) = deploy::asked(&stage);
    let mut operation = deploy::recorded(&plan, stage.now);
    stage.pass(1);
    stage.work();
    stage.pass(24);
    operation.state = OperationState::Done;
    operation.ended = Some(stage.now);
    operation.took = Some(std::time::Duration::from_secs(24));
    let service = stage.service("payment-service");
    stage.keys("6 z");
    let history = History { operations: vec![operation], ..History::default() };
    stage.send(Msg::History(Some(service), Ok(Box::new(history))));
    stage.settle();
    svg::picture(&stage.draw(), "What happened to payment-service, and who did it")
}

fn incidents() -> String {
    let mut stage = Stage::on_duty(WIDE);
    stage.at("payment-service");
    read_logs(&mut stage);
    stage.keys("I a").write("provider is down, ticket 4711").keys("enter");
    svg::picture(&stage.draw(), "Incidents, one of them acknowledged")
}

fn why_it_died() -> String {
    let mut stage = lived(WIDE);
    stage.at("payment-service");
    read_logs(&mut stage);
    stage.keys("W");
    postmortem::answer(&mut stage);
    svg::picture(&stage.draw(), "Why payment-service died")
}

fn tree() -> String {
    let mut stage = lived(WIDE);
    stage.at("postgres").keys("x y");
    stage.work();
    stage.pass(90);
    stage.at("group-buying-service").keys("7 + + + +");
    svg::picture(
        &stage.draw(),
        "Postgres was stopped: whom group-buying-service needs, and where to look first",
    )
}

fn ports() -> String {
    let mut stage = lived(SMALL);
    stage.keys("B j j j");
    svg::picture(&stage.draw(), "Every port: who has it, who can reach it, who answers")
}

fn host() -> String {
    let mut stage = lived(SMALL);
    stage.keys("H u");
    let told = stage.world.disk_use();
    stage.send(Msg::DiskUse(1, Ok(told)));
    svg::picture(&stage.draw(), "The machine, its disks, and what the engine keeps on them")
}

fn help() -> String {
    let mut stage = lived(SMALL);
    stage.keys("?");
    svg::picture(&stage.draw(), "Help, from the action table")
}

fn small() -> String {
    let mut stage = lived(SMALL);
    stage.at("payment-service");
    read_logs(&mut stage);
    svg::picture(&stage.draw(), "The main screen at 80 columns and 24 rows")
}

/// Some seconds after the start, so that there is usage to see.
fn lived(size: TermSize) -> Stage {
    let mut stage = Stage::new(size);
    stage.pass(20);
    stage
}

/// Bring the lines of what the log view asked for last, as following would.
fn read_logs(stage: &mut Stage) {
    let asked = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Follow { number, subject, .. } => Some((*number, subject.clone())),
        _ => None,
    });
    let (number, subject) = asked.expect("the log view follows something");
    let lines = lines(stage, &subject);
    assert!(!lines.is_empty(), "a picture of an empty log shows nothing");
    stage.send(Msg::Lines(number, Batch { lines, ..Batch::default() }));
    stage.settle();
    finish(stage);
}

/// Let the pane end what it does a piece at a time.
fn finish(stage: &mut Stage) {
    while stage.model.has_work() {
        stage.model.work();
    }
}

fn lines(stage: &Stage, subject: &Subject) -> Vec<Line> {
    let query = LogQuery { tail: Some(TAIL), ..LogQuery::default() };
    let mut lines = Vec::new();
    for replica in stage.world.replicas().iter().filter(|r| subject.covers(r)) {
        let tag = format!("{}-{}", replica.service.name, replica.number.unwrap_or(1));
        let source = Arc::new(Source {
            replica: replica.id.clone(),
            service: replica.service.clone(),
            tag: tag.into(),
        });
        for line in stage.world.logs(&replica.id, &query).unwrap() {
            let clean = sanitize::line(line.text.as_bytes());
            lines.push(Line {
                source: source.clone(),
                at: i64::try_from(line.at.as_nanosecond()).unwrap(),
                stream: if line.stderr { Stream::Stderr } else { Stream::Stdout },
                level: level::detect(&clean.text),
                text: clean.text,
                spans: clean.spans,
                cut: clean.cut,
            });
        }
    }
    lines.sort_by_key(|l| l.at);
    lines
}
