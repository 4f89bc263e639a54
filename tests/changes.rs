//! Operations on the screen: values asked for, plans, revisions, progress, leftovers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use std::time::Duration;

use jiff::SignedDuration;
use quarterdeck::config::{Level, Rule, Settings};
use quarterdeck::console::dialog::Dialog;
use quarterdeck::console::{Effect, Msg, Recording};
use quarterdeck::engine::{Consent, EngineError};
use quarterdeck::journal::{JournalError, OperationRecord, StepEnd, StepRecord};
use quarterdeck::operate::{Change, Direction, End, JobId, Outcome, Progress, Pull, Resume};
use stage::deploy::{asked, began, deploying, next, recorded, to_the_gate};
use stage::{MEDIUM, SMALL, Stage};

#[test]
fn values_are_asked_for_with_what_is_now() {
    let mut stage = Stage::new(SMALL);
    stage.at("order-service").keys("S");
    insta::assert_snapshot!("form_scale", stage.screen());
    stage.keys("ctrl-u").write("many").keys("enter");
    assert!(stage.find("is no number of replicas").is_some(), "{}", stage.screen());
    stage.keys("ctrl-u").write("5").keys("enter");
    insta::assert_snapshot!("plan_scale", stage.screen());
    stage.keys("esc D tab right");
    insta::assert_snapshot!("form_deploy", stage.screen());
    stage.keys("esc L");
    insta::assert_snapshot!("form_limit", stage.screen());
    stage.keys("enter");
    assert!(stage.find("nothing differs").is_some(), "{}", stage.screen());
    stage.keys("esc");
    assert_eq!(stage.asked_to_run(), 0);
    assert!(stage.model.dialogs.is_empty());
}

#[test]
fn commands_take_their_values_along() {
    for (command, change) in [
        ("scale 4", Change::Scale { to: 4 }),
        ("scale group-buying/order-service 4", Change::Scale { to: 4 }),
        ("limit cpus=2 memory=1g", Change::Limit { cpus: Some(2.0), memory: Some(1 << 30) }),
        ("recreate order-service", Change::Recreate),
    ] {
        let mut stage = Stage::new(MEDIUM);
        stage.at("order-service").command(command).keys("y");
        assert_eq!(asked(&stage).1.intent.change, change, "{command}: {}", stage.screen());
    }
    let mut stage = Stage::new(MEDIUM);
    stage.at("order-service");
    let image = next(&stage, "order-service");
    stage.command(&format!("deploy {image}")).keys("y");
    let wanted = Change::Deploy { image: Some(image.as_str().into()), pull: Pull::Missing };
    assert_eq!(asked(&stage).1.intent.change, wanted);
    for wrong in ["scale many", "scale order-service x", "limit cpus=lots", "rollback x y z", "undo x"] {
        let mut stage = Stage::new(MEDIUM);
        stage.at("order-service").command(wrong);
        assert!(
            matches!(stage.model.dialogs.last(), Some(Dialog::Palette(_))),
            "{wrong}: {}",
            stage.screen()
        );
    }
}

#[test]
fn a_plan_is_shown_before_a_yes() {
    for (size, name) in [(SMALL, "80x24"), (MEDIUM, "120x40")] {
        let mut stage = Stage::new(size);
        stage.at("order-service");
        let image = next(&stage, "order-service");
        stage.command(&format!("deploy {image}"));
        insta::assert_snapshot!(format!("plan_deploy_{name}"), stage.screen());
        stage.keys("down down pagedown end");
        assert!(stage.find("remove").is_some(), "the last steps can be reached: {}", stage.screen());
        assert_eq!(stage.asked_to_run(), 0);
        stage.keys("c");
        let copied = stage.effects.iter().any(|e| matches!(e, Effect::Copy(t) if t.contains("Deploy")));
        assert!(copied && !stage.model.dialogs.is_empty());
        stage.keys("n");
        assert!(stage.model.dialogs.is_empty());
    }
}

#[test]
fn what_can_not_be_done_says_what_to_change() {
    let mut stage = Stage::new(SMALL);
    stage.at("order-service").command("scale 0");
    assert!(stage.find("nothing was done").is_some(), "{}", stage.screen());
    insta::assert_snapshot!("refused_scale", stage.screen());
    stage.keys("esc").command("deploy registry.invalid/no/such:1");
    assert_eq!(stage.asked_to_run(), 0);
}

#[test]
fn while_it_is_looked_at_nothing_typed_ahead_is_an_answer() {
    let mut stage = Stage::new(SMALL);
    stage.hold = true;
    stage.at("order-service").keys("r");
    let asked = stage.effects.iter().find_map(|e| match e {
        Effect::Survey(number, _) => Some(*number),
        _ => None,
    });
    assert!(stage.foot().contains("looking"), "{}", stage.foot());
    stage.keys("y enter");
    assert_eq!(stage.asked_to_run(), 0);
    stage.keys("esc");
    assert!(stage.model.dialogs.is_empty());
    assert!(stage.foot().contains("nothing was done"), "{}", stage.foot());
    // The answer comes all the same, too late.
    stage.send(Msg::Surveyed(
        asked.unwrap(),
        "k7x2p".into(),
        Box::new(Ok(quarterdeck::engine::Survey::default())),
    ));
    assert!(stage.model.dialogs.is_empty());
    stage.keys("r");
    let error = EngineError::Interrupted;
    stage.send(Msg::Surveyed(asked.unwrap() + 1, "k7x2p".into(), Box::new(Err(error))));
    stage.settle();
    assert!(stage.foot().contains("can't look before"), "{}", stage.foot());
}

#[test]
fn a_revision_is_chosen_and_planned() {
    let mut stage = Stage::new(SMALL);
    stage.at("order-service").keys("R");
    insta::assert_snapshot!("revisions_80x24", stage.screen());
    let Some(Dialog::Revisions(list)) = stage.model.dialogs.last() else { panic!("{}", stage.screen()) };
    let (current, chosen) = (list.rows[0].clone(), list.rows[list.selected].clone());
    assert!(current.revision.current && !chosen.revision.current, "the newest other one is offered");
    stage.keys("up enter");
    assert!(stage.foot().contains("runs now"), "{}", stage.foot());
    stage.keys("down enter");
    insta::assert_snapshot!("plan_rollback", stage.screen());
    stage.keys("y");
    let Change::Rollback { to, revision } = asked(&stage).1.intent.change else { panic!() };
    assert_eq!((to, revision), (chosen.revision.image, Some(chosen.revision.number)));

    let mut stage = Stage::new(MEDIUM);
    stage.at("order-service").keys("R");
    insta::assert_snapshot!("revisions_120x40", stage.screen());
    stage.keys("esc").command("rollback 1");
    assert!(stage.find("Roll back order-service").is_some(), "{}", stage.screen());
    stage.keys("esc").command("rollback 99");
    assert!(stage.foot().contains("no revision 99"), "{}", stage.foot());
}

#[test]
fn progress_is_watched_and_the_service_is_labelled() {
    for (size, name) in [(SMALL, "80x24"), (MEDIUM, "120x40")] {
        let (mut stage, job, plan) = deploying(size, "payment-service");
        to_the_gate(&mut stage, job, &plan);
        insta::assert_snapshot!(format!("running_{name}"), stage.screen());
        assert!(stage.line(1).contains("payment-service is being deployed"), "{}", stage.line(1));
        assert!(!stage.line(1).contains("payment-service down"), "{}", stage.line(1));
        assert!(stage.find("deploying").is_some());
        stage.now += SignedDuration::from_secs(30);
        stage.send(Msg::Now(stage.now));
        stage.settle();
        assert!(stage.find("12 s left").is_some(), "{}", stage.screen());
        // It fails, and goes back.
        let why = "payment-service-1 did not get healthy in time".to_owned();
        stage.send(Msg::Job(Progress::Undoing { job, why }));
        stage.send(began(job, &plan, 1, Direction::Back));
        stage.settle();
        insta::assert_snapshot!(format!("undoing_{name}"), stage.screen());
        let outcome = Outcome {
            intent: plan.intent.clone(),
            services: plan.services.clone(),
            images: plan.images.clone(),
            end: End::Undone { why: "group-buying-payment-service-1 did not get healthy in 45 s".into() },
            steps: Vec::new(),
            advice: vec!["Its last words: qd logs payment-service --previous".into()],
            operation: Some(13),
            took: Duration::from_secs(50),
        };
        stage.send(Msg::Job(Progress::Finished { job, outcome }));
        stage.settle();
        insta::assert_snapshot!(format!("undone_{name}"), stage.screen());
        stage.keys("esc");
        assert!(stage.model.jobs.is_empty() && stage.model.layout().jobs.height == 0);
        stage.command("messages");
        assert!(stage.find("undoing it").is_some(), "{}", stage.screen());
    }
}

#[test]
fn cancelling_what_would_be_undone_asks_once_more() {
    let (mut stage, job, plan) = deploying(MEDIUM, "order-service");
    to_the_gate(&mut stage, job, &plan);
    stage.keys("esc");
    assert!(!stage.effects.contains(&Effect::CancelJob(job)));
    insta::assert_snapshot!("cancel_sure", stage.screen());
    stage.keys("enter");
    assert!(!stage.effects.contains(&Effect::CancelJob(job)), "enter is pressed for many reasons");
    stage.keys("n esc y");
    assert!(stage.effects.contains(&Effect::CancelJob(job)), "{}", stage.screen());
    assert!(stage.find("cancelling").is_some());
    // Leaving says what becomes of it.
    stage.keys("q");
    assert!(stage.foot().contains("the journal keeps the rest"), "{}", stage.foot());
    assert!(!stage.effects.contains(&Effect::Quit));
    stage.keys("q");
    assert!(stage.effects.contains(&Effect::Quit));
}

/// A deploy somebody began and did not end.
fn left(stage: &mut Stage, alive: bool) -> OperationRecord {
    stage.at("order-service");
    let image = next(stage, "order-service");
    stage.command(&format!("deploy {image}"));
    let Some(Dialog::Confirm(confirm)) = stage.model.dialogs.pop() else { panic!("{}", stage.screen()) };
    let plan = confirm.plan;
    let at = stage.now - SignedDuration::from_secs(600);
    let done = |number| StepRecord {
        number,
        back: false,
        began: at,
        ended: Some((at, StepEnd { ok: true, done: String::new(), note: String::new() })),
    };
    let steps = vec![done(1), done(2), StepRecord { ended: None, ..done(3) }];
    OperationRecord { steps, alive, ..recorded(&plan, at) }
}

#[test]
fn what_was_left_in_the_middle_is_offered_once_and_stays_in_the_header() {
    for (size, name) in [(SMALL, "80x24"), (MEDIUM, "120x40")] {
        let mut stage = Stage::new(size);
        let record = left(&mut stage, false);
        stage.left = vec![record.clone()];
        stage.pass(6);
        insta::assert_snapshot!(format!("unfinished_{name}"), stage.screen());
        stage.keys("esc");
        assert!(stage.line(0).contains("UNFINISHED"), "{}", stage.line(0));
        stage.pass(12);
        assert!(stage.model.dialogs.is_empty(), "once is enough");
        stage.keys("F u");
        let resumed = Effect::Resume(JobId(1), Box::new(record.clone()), Resume::Undo, Consent::Yes);
        assert!(stage.effects.contains(&resumed), "{}", stage.screen());
        assert_eq!(stage.model.jobs.len(), 1);
    }
    let mut stage = Stage::new(SMALL);
    let record = left(&mut stage, false);
    stage.left = vec![record.clone()];
    stage.pass(6);
    stage.keys("esc").command("finish 12");
    let resumed = Effect::Resume(JobId(1), Box::new(record), Resume::Finish, Consent::Yes);
    assert!(stage.effects.contains(&resumed), "{}", stage.screen());
    stage.command("undo 7");
    assert!(stage.foot().contains("operation 7 was not left"), "{}", stage.foot());
}

#[test]
fn what_others_are_at_is_labelled() {
    let mut stage = Stage::new(MEDIUM);
    stage.left = vec![left(&mut stage, true)];
    stage.pass(6);
    assert!(stage.model.dialogs.is_empty(), "{}", stage.screen());
    assert!(stage.find("deploying (root)").is_some(), "{}", stage.screen());
    assert!(stage.line(1).contains("order-service is being deployed by root"), "{}", stage.line(1));
}

#[test]
fn what_can_not_be_recorded_is_not_begun() {
    let full = || JournalError::Full { path: "/var/lib/qd/journal.db".into() };
    let mut stage = Stage::new(MEDIUM);
    stage.send(Msg::Recording(Some(full())));
    stage.settle();
    assert!(stage.line(0).contains("NOT RECORDED"), "{}", stage.line(0));
    for command in
        ["scale 4", "recreate", "limit cpus=1", "rollback 1", "project-up", "deploy x:1", "restart"]
    {
        stage.keys("esc esc").at("order-service").command(command);
        assert!(stage.model.dialogs.is_empty(), "{command}: {}", stage.screen());
        assert!(stage.foot().contains("without a record"), "{command}: {}", stage.foot());
    }
    // What is done in one step only goes unrecorded.
    stage.at("redis").keys("r y");
    assert_eq!(stage.asked_to_run(), 1);
    stage.send(Msg::Recording(None));
    stage.settle();
    assert_eq!(stage.model.ledger.recording, Recording::On);
    assert!(!stage.line(0).contains("NOT RECORDED"));
}

#[test]
fn protection_is_seen_before_and_asked_for() {
    let rule = |service: &str, level| Rule { service: Some(service.into()), level, ..Rule::default() };
    let settings = Settings {
        protect: vec![
            rule("order-service", Level::Typed),
            rule("redis", Level::ReadOnly),
            rule("nginx", Level::Open),
        ],
        ..Settings::default()
    };
    let mut wide = Stage::with(MEDIUM, settings.clone());
    wide.at("order-service").command("scale 4");
    insta::assert_snapshot!("plan_typed_120x40", wide.screen());
    let mut stage = Stage::with(SMALL, settings);
    stage.at("order-service");
    assert!(stage.line(0).contains("PROTECTED"), "{}", stage.line(0));
    stage.command("scale 4");
    insta::assert_snapshot!("plan_typed", stage.screen());
    stage.keys("y enter");
    assert_eq!(stage.asked_to_run(), 0);
    stage.keys("ctrl-u").write("order-service").keys("enter");
    assert_eq!(asked(&stage).2, Consent::Typed);
    stage.at("redis").keys("r");
    assert!(stage.find("read-only").is_some(), "{}", stage.screen());
    stage.keys("esc").at("nginx").keys("r");
    assert_eq!(asked(&stage).2, Consent::None, "what is open is not asked about");
}

#[test]
fn a_plan_that_changed_is_asked_again() {
    let mut stage = Stage::new(MEDIUM);
    stage.at("order-service").command("scale 5");
    let id = stage.service("order-service");
    let gone = stage.model.fleet.replicas_of(&id).last().unwrap().id.clone();
    let at = stage.now;
    stage.tell(quarterdeck::fleet::Observation::Removed { at, id: gone });
    stage.settle();
    stage.keys("y");
    assert_eq!(stage.asked_to_run(), 0);
    assert!(stage.foot().contains("look at the new plan"), "{}", stage.foot());
    assert_eq!(stage.model.dialogs.len(), 1);
    stage.keys("y");
    assert_eq!(stage.asked_to_run(), 1, "{}", stage.screen());
}

#[test]
fn the_timeline_is_one_key_away() {
    for (size, name) in [(SMALL, "80x24"), (MEDIUM, "120x40")] {
        let mut stage = Stage::new(size);
        stage.pass(40);
        stage.at("payment-service").keys("6 z");
        insta::assert_snapshot!(format!("timeline_{name}"), stage.screen());
        stage.keys("ctrl-s");
        let saved = stage.effects.iter().any(|e| matches!(e, Effect::Save { extension: "md", .. }));
        assert!(saved, "{}", stage.screen());
    }
}
