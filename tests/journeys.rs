//! Journeys: keys through keymap, update and view over the demo world, as a user would go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use crossterm::event::MouseEventKind;
use quarterdeck::action::{Action, Group};
use quarterdeck::config::{Context, Library, Settings};
use quarterdeck::console::model::Focus;
use quarterdeck::console::pane::{Tab, Target};
use quarterdeck::console::{Effect, Msg, settle, update};
use quarterdeck::engine::TermSize;
use quarterdeck::fleet::{Link, Observation, State, Verb};
use stage::{LARGE, MEDIUM, SMALL, Stage};
use std::time::Duration;

#[test]
fn it_opens_on_the_worst_trouble() {
    let stage = Stage::new(SMALL);
    assert_eq!(stage.selected(), "payment-service");
    let (_, row) = stage.find("✖ payment-service").unwrap();
    assert!(row.contains("down"), "{row}");
    assert!(stage.line(1).contains("payment-service down"), "{}", stage.line(1));
    assert!(stage.line(0).contains("DEMO"));
}

#[test]
fn a_filter_is_applied_while_it_is_typed_and_escape_brings_all_back() {
    let mut stage = Stage::new(MEDIUM);
    let all = stage.model.grid.rows().len();
    stage.keys("/").write("rev");
    assert!(stage.find("review-service").is_some());
    assert!(stage.find("postgres").is_none());
    assert!(stage.foot().contains("filter: rev"));
    stage.keys("enter");
    assert_eq!(stage.selected(), "review-service");
    assert!(stage.foot().contains("/rev"), "{}", stage.foot());
    stage.keys("esc");
    assert_eq!(stage.model.grid.rows().len(), all);
    assert_eq!(stage.selected(), "review-service", "the selection stays where it was put");

    stage.keys("/").write("!service").keys("enter");
    assert!(stage.find("postgres").is_some());
    assert!(stage.find("review-service").is_none());
    // Escape while typing takes back what was typed.
    stage.keys("/ ctrl-u").write("zzz");
    assert!(stage.find("hides all").is_some());
    stage.keys("esc");
    assert_eq!(stage.model.grid.filter().text(), "!service");
    assert!(stage.find("✔ postgres").is_some());
}

#[test]
fn typing_disables_action_keys() {
    let mut stage = Stage::new(SMALL);
    stage.keys("/").write("qrx X").keys("ctrl-k tab");
    assert!(stage.effects.iter().all(|e| !matches!(e, Effect::Quit | Effect::Run(..))));
    assert!(stage.model.dialogs.is_empty());
    assert_eq!(stage.model.grid.filter().text(), "qrx X");
    stage.keys("ctrl-c");
    assert!(stage.model.prompt.is_none());
    assert!(!stage.effects.contains(&Effect::Quit), "ctrl-c closes what is open first");
    stage.keys("ctrl-c");
    assert!(stage.effects.contains(&Effect::Quit));
}

#[test]
fn the_selection_is_a_service_not_a_row() {
    let mut stage = Stage::new(MEDIUM);
    stage.at("nginx").command("sort cpu");
    assert_eq!(stage.selected(), "nginx");
    for _ in 0..5 {
        stage.pass(3);
        assert_eq!(stage.selected(), "nginx");
    }
    stage.keys("<");
    assert!(stage.foot().contains("reversed"), "{}", stage.foot());
    assert_eq!(stage.selected(), "nginx");
    // Its row is on screen, wherever it went.
    let (top, rows) = stage.model.grid.visible();
    assert!((top..top + rows.len()).contains(&stage.model.grid.index()));
}

#[test]
fn when_the_selected_service_vanishes_its_neighbour_is_selected() {
    let mut stage = Stage::new(MEDIUM);
    stage.command("sort name").at("redis");
    let index = stage.model.grid.index();
    let id = stage.service("redis");
    let replicas: Vec<_> = stage.model.fleet.replicas_of(&id).map(|r| r.id.clone()).collect();
    for id in replicas {
        let at = stage.now;
        stage.tell(Observation::Removed { at, id });
    }
    stage.settle();
    assert_eq!(stage.model.grid.index(), index);
    assert_eq!(stage.selected(), "review-service");
}

#[test]
fn a_restart_is_asked_done_and_told() {
    let mut stage = Stage::new(SMALL);
    stage.at("order-service").keys("r");
    assert!(stage.find("Restart order-service").is_some(), "{}", stage.screen());
    assert_eq!(stage.asked_to_run(), 0, "nothing happens before the yes");
    stage.keys("y");
    assert!(stage.model.dialogs.is_empty());
    assert!(stage.foot().contains("restart"), "{}", stage.foot());
    assert_eq!(stage.work(), 1);
    assert!(stage.foot().contains("restarted order-service"), "{}", stage.foot());
    assert!(stage.model.jobs.is_empty());
}

#[test]
fn a_no_is_a_no() {
    for no in ["n", "esc", "q", "ctrl-c"] {
        let mut stage = Stage::new(SMALL);
        stage.at("order-service").keys("x").keys(no);
        assert!(stage.model.dialogs.is_empty(), "{no}");
        assert_eq!(stage.asked_to_run(), 0, "{no}");
        assert!(stage.foot().contains("nothing was done"), "{no}: {}", stage.foot());
    }
}

#[test]
fn what_is_protected_is_ended_by_its_typed_name_only() {
    let settings = Settings { protected: vec!["group-*".into()], ..Settings::default() };
    for (keys, verb) in [("x", "stop"), ("ctrl-k", "kill"), ("X", "remove")] {
        let mut stage = Stage::with(SMALL, settings.clone());
        stage.at("redis").keys(keys);
        assert!(stage.find("Type redis").is_some(), "{verb}: {}", stage.screen());
        stage.keys("y enter");
        assert_eq!(stage.asked_to_run(), 0, "{verb}: a y is not the name");
        assert!(stage.foot().contains("type redis"), "{}", stage.foot());
        stage.keys("backspace").write("redis").keys("enter");
        assert_eq!(stage.asked_to_run(), 1, "{verb}");
    }
    // What ends nothing needs no name.
    let mut stage = Stage::with(SMALL, settings);
    stage.at("redis").keys("r y");
    assert_eq!(stage.asked_to_run(), 1);
}

#[test]
fn marks_aim_at_all_of_them() {
    let mut stage = Stage::new(MEDIUM);
    stage.command("sort name").at("redis").keys("space space");
    assert!(stage.foot().contains("2 marked"), "{}", stage.foot());
    stage.keys("g g r");
    let shown = stage.screen();
    assert!(shown.contains("restart  redis-1"), "{shown}");
    assert!(shown.contains("restart  review-service-1"), "{shown}");
    stage.keys("enter");
    let Some(Effect::Run(_, plan, _)) = stage.effects.iter().find(|e| matches!(e, Effect::Run(..))) else {
        panic!("no job");
    };
    assert_eq!(plan.steps.iter().filter(|step| step.verb().is_some()).count(), 2);
    assert!(stage.model.grid.marks().is_empty(), "marks are used up");
}

#[test]
fn read_only_refuses_every_change_in_words() {
    let settings = Settings { read_only: true, ..Settings::default() };
    for &action in Action::ALL.iter().filter(|a| a.group() == Group::Operate) {
        let mut stage = Stage::with(SMALL, settings.clone());
        assert!(stage.line(0).contains("READ-ONLY"));
        stage.at("redis").command(action.name());
        assert!(stage.model.dialogs.is_empty(), "{}", action.name());
        assert!(stage.foot().contains("read-only"), "{}: {}", action.name(), stage.foot());
        assert!(!stage.effects.iter().any(|e| matches!(e, Effect::Run(..) | Effect::Shell(_))));
    }
}

#[test]
fn a_change_whose_target_left_meanwhile_is_not_made() {
    let mut stage = Stage::new(SMALL);
    stage.at("redis").keys("r");
    let id = stage.service("redis");
    let replicas: Vec<_> = stage.model.fleet.replicas_of(&id).map(|r| r.id.clone()).collect();
    for id in replicas {
        let at = stage.now;
        stage.tell(Observation::Removed { at, id });
    }
    stage.settle();
    assert!(stage.find("group-buying/redis is gone").is_some(), "{}", stage.screen());
    assert!(stage.find("y / enter").is_none(), "there is nothing to say yes to: {}", stage.screen());
    stage.keys("y");
    assert_eq!(stage.asked_to_run(), 0);
    assert!(stage.model.dialogs.is_empty());
    assert!(stage.foot().contains("gone"), "{}", stage.foot());
}

#[test]
fn enter_does_not_end_anything() {
    for (keys, verb) in [("x", "stop"), ("ctrl-k", "kill"), ("X", "remove")] {
        let mut stage = Stage::new(SMALL);
        stage.at("order-service").keys(keys);
        assert!(stage.find("enter does not").is_some(), "{verb}: {}", stage.screen());
        stage.keys("enter");
        assert_eq!(stage.asked_to_run(), 0, "{verb}");
        assert_eq!(stage.model.dialogs.len(), 1, "{verb}: the question stays");
        assert!(stage.foot().contains("press y"), "{verb}: {}", stage.foot());
        stage.keys("y");
        assert_eq!(stage.asked_to_run(), 1, "{verb}");
    }
}

#[test]
fn escape_cancels_a_job_once_nothing_else_is_open() {
    use quarterdeck::engine::{Done, EngineError};
    use quarterdeck::operate::{Direction, End, Outcome, Progress, StepOutcome};
    let mut stage = Stage::new(MEDIUM);
    stage.at("order-service").keys("r y").keys("tab");
    let Some(Effect::Run(job, plan, _)) =
        stage.effects.iter().find(|e| matches!(e, Effect::Run(..))).cloned()
    else {
        panic!("no job");
    };
    let cancel = Effect::CancelJob(job);
    assert!(!stage.foot().contains("esc cancels"), "first it leaves the pane: {}", stage.foot());
    stage.keys("esc");
    assert!(!stage.effects.contains(&cancel));
    assert!(stage.foot().contains("esc cancels"), "{}", stage.foot());
    stage.keys("esc");
    assert!(stage.effects.contains(&cancel));
    assert!(stage.foot().contains("cancelling"), "{}", stage.foot());
    assert!(!stage.foot().contains("esc cancels"), "{}", stage.foot());

    let results =
        [Ok(Done::Changed), Err(EngineError::Interrupted), Err(EngineError::NotBegun { why: "x".into() })];
    let steps = plan.steps.iter().zip(results).map(|(planned, result)| StepOutcome {
        number: planned.number,
        direction: Direction::Forward,
        step: planned.clone(),
        result,
    });
    let outcome = Outcome {
        intent: plan.intent.clone(),
        services: plan.services.clone(),
        end: End::Failed { why: "cancelled".into() },
        steps: steps.collect(),
        images: Vec::new(),
        advice: Vec::new(),
        operation: None,
        took: Duration::from_secs(1),
    };
    stage.send(Msg::Job(Progress::Finished { job, outcome }));
    assert!(stage.model.dialogs.is_empty(), "what was asked for is no bad news");
    assert!(stage.foot().contains("restart cancelled: 1 of 3 done, 1 under way"), "{}", stage.foot());
    assert!(stage.foot().contains("1 left alone"), "{}", stage.foot());
    assert!(stage.model.jobs.is_empty());
}

#[test]
fn what_fails_is_told_in_full_with_a_remedy() {
    let mut stage = Stage::new(SMALL);
    stage.at("redis").keys("r y");
    // Somebody else removes it between the yes and the engine's turn.
    let id = stage.service("redis");
    let replicas: Vec<_> = stage.model.fleet.replicas_of(&id).cloned().collect();
    for replica in &replicas {
        let mut act = quarterdeck::engine::Act::new(Verb::Remove, replica.id.clone());
        act.force = true;
        stage.world.perform(&act.into(), stage.now);
    }
    stage.now += jiff::SignedDuration::from_secs(30);
    stage.world.advance(stage.now);
    stage.work();
    let shown = stage.screen();
    assert!(shown.contains("restart failed"), "{shown}");
    stage.keys("esc");
    assert!(stage.model.dialogs.is_empty());
    stage.command("messages");
    assert!(stage.screen().contains("restart failed"));
}

#[test]
fn every_action_does_something_or_says_why_not() {
    for &action in Action::ALL {
        for focus in [Focus::Grid, Focus::Pane] {
            let mut stage = Stage::new(MEDIUM);
            // In the middle of the list, with something to clear, so that every move can move.
            stage.at("postgres").keys("space");
            if focus == Focus::Pane {
                stage.keys("tab");
            }
            stage.model.notices.clear();
            stage.effects.clear();
            let before = stage.draw();
            stage.command(action.name());
            let moved_nothing_on_purpose = focus == Focus::Pane && action.group() == Group::Move;
            assert!(
                stage.draw() != before || !stage.effects.is_empty() || moved_nothing_on_purpose,
                "{} with the focus on {focus:?} did nothing and said nothing",
                action.name()
            );
        }
    }
}

#[test]
fn every_shipped_keymap_leads_through_the_same_journey() {
    for name in Library::default().keymap_names() {
        let mut settings = Settings::default();
        settings.ui.keymap.clone_from(&name);
        let mut stage = Stage::with(SMALL, settings);
        let key = |stage: &Stage, action| {
            let keymap = &stage.model.skin.keymap;
            keymap.key(stage.model.context(), action).map(str::to_owned)
        };
        for (action, seen) in
            [(Action::Restart, "Restart"), (Action::Stop, "Stop"), (Action::Help, "help: keymap")]
        {
            let keys = key(&stage, action).unwrap_or_else(|| panic!("{name}: {} has no key", action.name()));
            stage.keys(&keys);
            assert!(stage.find(seen).is_some(), "{name}: {keys}: {}", stage.screen());
            stage.keys("esc");
            assert!(stage.model.dialogs.is_empty(), "{name}");
        }
        let quit = key(&stage, Action::Quit).unwrap();
        stage.keys(&quit);
        assert!(stage.effects.contains(&Effect::Quit), "{name}: {quit}");
    }
}

#[test]
fn help_has_every_action_and_can_be_searched() {
    let mut stage = Stage::new(MEDIUM);
    let lines = quarterdeck::console::dialog::help_lines(&stage.model.skin.keymap, "");
    for &action in Action::ALL {
        let shown = lines.iter().any(|l| {
            matches!(l, quarterdeck::console::dialog::HelpLine::Action { name, .. } if *name == action.name())
        });
        assert!(shown, "{}", action.name());
    }
    stage.keys("? /").write("sparkle");
    assert!(stage.find("no action matches").is_some());
    stage.keys("esc").keys("/").write("mouse").keys("enter");
    assert!(stage.find("toggle-mouse").is_some());
    stage.keys("esc");
    assert!(!stage.model.dialogs.is_empty(), "the first escape clears the search");
    stage.keys("esc");
    assert!(stage.model.dialogs.is_empty());
}

#[test]
fn a_theme_is_seen_while_it_is_chosen() {
    let mut stage = Stage::new(MEDIUM);
    let before = stage.model.skin.theme.clone();
    stage.command("pick-theme").keys("down down");
    assert_ne!(stage.model.skin.theme.name, before.name);
    stage.keys("esc");
    assert_eq!(stage.model.skin.theme, before);
    stage.command("pick-theme").keys("down enter");
    assert_ne!(stage.model.skin.theme.name, before.name);
    assert!(stage.foot().contains("to keep it"), "{}", stage.foot());
    stage.command("theme no-such-theme");
    assert!(stage.foot().contains("stays as it was"), "{}", stage.foot());
}

#[test]
fn a_lost_engine_is_seen_with_the_age_of_the_data_and_its_return_too() {
    let mut stage = Stage::new(MEDIUM);
    let lost = Link::Lost {
        why: "nothing answers at unix:///x.sock".into(),
        remedy: "Start it.".into(),
        retry_in: Duration::from_secs(4),
    };
    stage.tell(Observation::Link(lost));
    stage.now += jiff::SignedDuration::from_secs(42);
    stage.send(Msg::Now(stage.now));
    stage.settle();
    assert!(stage.line(0).contains("lost, 42s old"), "{}", stage.line(0));
    assert!(stage.line(1).contains("nothing answers"), "{}", stage.line(1));
    assert!(stage.find("payment-service").is_some(), "what was known stays");
    stage.tell(Observation::Link(Link::Live));
    stage.settle();
    assert!(stage.line(0).contains("live"));
    assert!(stage.foot().contains("live again"), "{}", stage.foot());
}

#[test]
fn an_engine_never_reached_is_diagnosed_and_retried() {
    let mut stage = Stage::unreached(SMALL, Settings::default());
    assert!(stage.find("Connecting to").is_some(), "{}", stage.screen());
    let lost = Link::Lost {
        why: "no engine at unix:///x.sock: there is no such socket".into(),
        remedy: "Is Docker installed here?".into(),
        retry_in: Duration::from_secs(4),
    };
    stage.tell(Observation::Link(lost));
    stage.now += jiff::SignedDuration::from_secs(1);
    stage.send(Msg::Now(stage.now));
    stage.settle();
    let shown = stage.screen();
    for words in
        ["No engine at unix:///x.sock", "Is Docker installed here?", "in 3 s", "qd demo", "qd doctor"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Keys don't break on an empty screen.
    stage.keys("j enter r tab / esc");
    stage.reach();
    assert!(stage.find("payment-service").is_some());
}

#[test]
fn the_mouse_finds_what_it_sees() {
    let mut stage = Stage::new(MEDIUM);
    let (row, line) = stage.find("  redis").or_else(|| stage.find("✔ redis")).unwrap();
    assert!(line.contains("redis"));
    stage.click(10, row);
    assert_eq!(stage.selected(), "redis");
    let (head, line) = stage.find("SERVICE").unwrap();
    let cpu = line.split("CPU").next().unwrap().chars().count() as u16;
    stage.click(cpu, head);
    assert!(stage.foot().contains("sorted by cpu"), "{}", stage.foot());
    stage.click(cpu, head);
    assert!(stage.foot().contains("reversed"), "{}", stage.foot());
    let (title, line) = stage.find("[logs]").unwrap();
    let ports = line.split("ports").next().unwrap().chars().count() as u16;
    stage.click(ports, title);
    assert_eq!(stage.model.tab, Tab::Ports);
    assert_eq!(stage.model.focus, Focus::Pane);
    stage.mouse(MouseEventKind::ScrollDown, 5, 8);
    stage.command("toggle-mouse");
    let selected = stage.selected();
    stage.click(10, 6);
    assert_eq!(stage.selected(), selected, "a mouse that is off does nothing");
    assert!(stage.effects.contains(&Effect::Mouse(false)));
}

#[test]
fn a_service_of_several_replicas_unfolds() {
    let mut stage = Stage::new(MEDIUM);
    stage.at("order-service").keys("right");
    // Without the project's name, which stands above it.
    assert!(stage.find("  ✔ order-service-2").is_some(), "{}", stage.screen());
    stage.keys("j j");
    assert_eq!(stage.selected(), "group-buying-order-service-2");
    stage.keys("left");
    assert_eq!(stage.selected(), "order-service");
    assert!(stage.find("✔ order-service-2").is_none());
    stage.keys("O");
    assert_eq!(stage.selected(), "project group-buying");
    assert_eq!(stage.model.grid.rows().len(), 1);
    stage.keys("enter");
    assert!(stage.model.grid.rows().len() > 10);
}

#[test]
fn leaving_with_a_job_under_way_asks_again() {
    let mut stage = Stage::new(SMALL);
    stage.at("redis").keys("r y").keys("q");
    assert!(!stage.effects.contains(&Effect::Quit));
    assert!(stage.foot().contains("still under way"), "{}", stage.foot());
    stage.keys("q");
    assert!(stage.effects.contains(&Effect::Quit));
}

#[test]
fn tabs_are_fed_and_streams_let_go() {
    let mut stage = Stage::new(MEDIUM);
    let follows = |stage: &Stage| stage.effects.iter().filter(|e| matches!(e, Effect::Follow { .. })).count();
    assert_eq!(follows(&stage), 1, "the first row's logs are followed at once");
    stage.keys("j");
    assert_eq!(follows(&stage), 2);
    stage.keys("Z");
    assert!(stage.effects.contains(&Effect::Unfollow), "a closed pane reads nothing");
    stage.keys("5");
    assert!(stage.find("[config]").is_some());
    stage.keys("z");
    let layout = stage.model.layout();
    assert_eq!(layout.grid.height, 0);
    stage.keys("esc");
    assert!(stage.model.layout().grid.height > 0);
}

#[test]
fn the_engine_is_told_what_is_on_screen() {
    let mut stage = Stage::new(TermSize { cols: 80, rows: 14 });
    let last = |stage: &Stage| {
        stage.effects.iter().rev().find_map(|e| match e {
            Effect::Focus(ids) => Some(ids.clone()),
            _ => None,
        })
    };
    let first = last(&stage).unwrap();
    let id = stage.service("payment-service");
    let selected = stage.model.fleet.replicas_of(&id).next().unwrap().id.clone();
    assert_eq!(first.first(), Some(&selected), "the selected row comes first");
    assert!(first.len() < stage.world.replicas().len());
    stage.keys("G");
    assert_ne!(last(&stage).unwrap(), first);
}

#[test]
fn a_quiet_screen_is_not_even_drawn() {
    let mut stage = Stage::new(LARGE);
    stage.pass(20);
    let before = stage.draw();
    stage.model.dirty = false;
    // Time alone, within the second; then the same facts again.
    stage.send(Msg::Now(stage.now + jiff::SignedDuration::from_millis(400)));
    assert!(!stage.model.dirty);
    stage.send(Msg::Now(stage.now));
    let (engine, replicas) = (stage.world.engine().clone(), stage.world.replicas());
    stage.tell(Observation::Synced { at: stage.now, engine, replicas });
    stage.settle();
    assert!(stage.draw() == before, "the same facts draw the same screen");
}

#[test]
fn the_footer_names_keys_of_the_keymap_in_use() {
    let mut stage = Stage::new(MEDIUM);
    assert!(stage.foot().contains("r restart"), "{}", stage.foot());
    stage.command("keymap emacs");
    stage.pass(20);
    let key = stage.model.skin.keymap.key(Context::Grid, Action::Restart).unwrap().to_owned();
    assert!(stage.foot().contains(&format!("{key} restart")), "{}", stage.foot());
}

#[test]
fn the_tree_says_what_falls_with_postgres_and_where_to_look() {
    let mut stage = Stage::new(MEDIUM);
    stage.at("postgres").keys("x");
    assert!(stage.find("depend on postgres").is_some(), "{}", stage.screen());
    stage.keys("y");
    assert_eq!(stage.work(), 1);
    stage.pass(120);
    // The first clause is the cause, though others are worse.
    assert!(stage.line(1).contains("postgres stopped"), "{}", stage.line(1));
    assert!(stage.line(1).contains("with it"), "{}", stage.line(1));

    stage.at("order-service").keys("t");
    assert_eq!((stage.model.tab, stage.model.focus), (Tab::Tree, Focus::Pane));
    assert!(stage.find("whom order-service needs").is_some(), "{}", stage.screen());
    assert!(stage.find("look first at postgres").is_some(), "{}", stage.screen());
    assert!(stage.find("├─ logistics-service").is_some(), "{}", stage.screen());
    stage.keys("left");
    assert!(stage.find("who needs order-service").is_some(), "{}", stage.screen());
    stage.keys("right down enter");
    assert_eq!(stage.selected(), "logistics-service", "enter goes there");
    assert!(stage.find("whom logistics-service needs").is_some(), "{}", stage.screen());
    stage.keys("enter");
    assert!(stage.foot().contains("already"), "{}", stage.foot());
    stage.at("payment-service").keys("7 G enter");
    assert!(stage.foot().contains("no service here"), "{}", stage.foot());
}

#[test]
fn every_port_is_listed_filtered_and_leads_to_its_service() {
    let mut stage = Stage::new(MEDIUM);
    stage.keys("B");
    let asked = |stage: &Stage| stage.model.machine.listeners.known.is_some();
    assert!(asked(&stage), "sockets are read as soon as the page is open");
    assert!(stage.find("sshd (pid 801)").is_some(), "{}", stage.screen());
    stage.keys("/").write("seller").keys("enter");
    assert!(stage.find("ports: 1").is_some(), "{}", stage.screen());
    stage.keys("enter");
    assert!(stage.model.dialogs.is_empty());
    let seller = stage.service("seller-service");
    assert_eq!(stage.model.grid.selected(), Some(&Target::Service(seller)));
    // A process has no row to go to, and the page stays.
    stage.keys("B /").write("sshd").keys("enter enter");
    assert_eq!(stage.model.dialogs.len(), 1);
    assert!(stage.model.notice().is_some_and(|n| n.text.contains("no container")));
    stage.keys("esc");
    assert!(stage.find("ports: 1 ").is_none(), "the first escape takes the filter back");
    stage.keys("esc");
    assert!(stage.model.dialogs.is_empty());
}

#[test]
fn a_port_wanted_in_vain_is_called_out() {
    let mut stage = Stage::new(MEDIUM);
    let mut rival = stage.world.replicas().into_iter().find(|r| &*r.service.name == "nginx").unwrap();
    rival.id.id = "f".repeat(64).into();
    rival.service.project = Some("other".into());
    rival.service.name = "edge".into();
    rival.name = "other-edge-1".into();
    (rival.state, rival.pid, rival.number) = (State::Exited, None, Some(1));
    stage.tell(Observation::Applied { at: stage.now, replica: Box::new(rival) });
    stage.settle();
    stage.keys("B c");
    for words in ["1 wanted in vain", "other/edge", "in vain", "claimed by group-buying/nginx"] {
        assert!(stage.find(words).is_some(), "{words}: {}", stage.screen());
    }
    stage.keys("c");
    assert!(stage.find("sshd").is_some());
}

#[test]
fn sockets_are_read_again_while_they_are_looked_at_and_only_then() {
    let mut stage = Stage::new(SMALL);
    stage.keys("B");
    let read = |stage: &mut Stage, seconds: i64| {
        let later = stage.now + jiff::SignedDuration::from_secs(seconds);
        let mut effects = update(&mut stage.model, Msg::Now(later));
        effects.extend(settle(&mut stage.model));
        stage.now = later;
        effects.iter().filter(|e| matches!(e, Effect::Listeners)).count()
    };
    assert_eq!(read(&mut stage, 1), 0);
    assert_eq!(read(&mut stage, 5), 1);
    assert_eq!(read(&mut stage, 60), 0, "one reading at a time");
    stage.send(Msg::Listeners(Err("gone".into())));
    assert!(stage.find("containers only: gone").is_some(), "{}", stage.screen());
    stage.keys("esc");
    assert_eq!(read(&mut stage, 60), 0, "nobody looks");
}

#[test]
fn disk_use_is_added_up_when_asked_and_given_up_by_escape() {
    let mut stage = Stage::new(MEDIUM);
    stage.keys("H");
    assert!(stage.find("u adds up").is_some() && stage.find("engine data").is_some(), "{}", stage.screen());
    stage.keys("u");
    assert_eq!(stage.effects.last(), Some(&Effect::DiskUse(1)));
    assert!(stage.find("adding up").is_some());
    stage.keys("esc");
    assert_eq!(stage.effects.last(), Some(&Effect::EndDiskUse));
    assert_eq!(stage.model.dialogs.len(), 1, "the page stays");
    // What comes late is not wanted any more.
    let told = stage.world.disk_use();
    stage.send(Msg::DiskUse(1, Ok(told.clone())));
    assert!(stage.find("RECLAIMABLE").is_none());
    stage.keys("u");
    stage.send(Msg::DiskUse(1, Ok(told.clone())));
    assert!(stage.find("RECLAIMABLE").is_none(), "that was the first ask's");
    stage.send(Msg::DiskUse(2, Ok(told)));
    assert!(stage.find("RECLAIMABLE").is_some());
    // From page to page, and back.
    stage.keys("B");
    assert!(stage.find("ports:").is_some());
    stage.keys("esc");
    assert!(stage.model.dialogs.is_empty());
}
