//! Incidents on the screen: counted, named, marked, listed, acknowledged, silenced, gone to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use quarterdeck::alert::Severity;
use quarterdeck::config::{Glyphs, Role, Settings};
use quarterdeck::console::pane::Tab;
use quarterdeck::console::{Board, Effect, Msg};
use stage::{LARGE, MEDIUM, SMALL, Stage};

#[test]
fn what_the_rules_find_is_counted_named_and_marked() {
    let stage = Stage::on_duty(SMALL);
    assert_eq!((stage.open(Severity::Critical), stage.open(Severity::High)), (1, 1));
    assert!(stage.line(0).contains("▲ 1 critical 1 high"), "{}", stage.line(0));
    assert!(stage.line(1).contains("critical ServiceDown: payment-service down"), "{}", stage.line(1));
    assert!(stage.find("!✖ payment-service").is_some(), "{}", stage.screen());
    assert!(stage.find("!✔").is_none() && stage.find("!✖ whatsapp").is_none(), "{}", stage.screen());
    insta::assert_snapshot!("header_80x24", stage.screen());
    insta::assert_snapshot!("header_120x40", Stage::on_duty(MEDIUM).screen());
}

#[test]
fn the_header_keeps_the_badges_and_fits_at_every_width() {
    let mut stage = Stage::on_duty(SMALL);
    for cols in (20..200).rev() {
        stage.send(Msg::Resize(quarterdeck::engine::TermSize { cols, rows: 24 }));
        stage.settle();
        let head = stage.line(0);
        assert!(head.contains("DEMO"), "{cols}: {head}");
        assert!(cols < 60 || head.contains("1 critical"), "{cols}: {head}");
    }
}

#[test]
fn the_count_has_the_colour_of_the_worst_and_needs_none() {
    let stage = Stage::on_duty(MEDIUM);
    let buf = stage.draw();
    let at = stage.line(0).chars().position(|c| c == '▲').unwrap() as u16;
    assert_eq!(Some(buf[(at, 0)].fg), stage.model.skin.theme.style(Role::Bad).fg);
    let mut stage = Stage::on_duty(MEDIUM);
    stage.model.skin.glyphs = Glyphs::ASCII;
    for keys in ["esc", "I", "a", "esc s", "esc c"] {
        stage.keys(keys);
        let screen = stage.screen();
        let odd: Vec<char> = screen.chars().filter(|c| !c.is_ascii()).collect();
        assert!(odd.is_empty(), "{keys}: {odd:?}: {screen}");
    }
    assert!(stage.line(0).contains("! 1 critical 1 high"), "{}", stage.line(0));
}

#[test]
fn the_list_and_its_forms() {
    for (name, size) in [("80x24", SMALL), ("120x40", MEDIUM)] {
        let mut stage = Stage::on_duty(size);
        stage.keys("I");
        insta::assert_snapshot!(format!("list_{name}"), stage.screen());
        stage.keys("a").write("on it");
        insta::assert_snapshot!(format!("acknowledge_{name}"), stage.screen());
        stage.keys("enter j S tab tab").write("known, fixed in 2.4");
        insta::assert_snapshot!(format!("silence_{name}"), stage.screen());
        stage.keys("enter");
        insta::assert_snapshot!(format!("muted_{name}"), stage.screen());
    }
}

#[test]
fn a_journey_from_the_alarm_to_quiet() {
    let mut stage = Stage::on_duty(MEDIUM);
    stage.at("nginx").keys("I").keys("a").write("looking").keys("enter");
    let seen = stage.model.board.open[0].acknowledged.clone().unwrap();
    assert_eq!((&*seen.who, &*seen.note), ("ada", "looking"));
    assert!(stage.find("seen by ada").is_some(), "{}", stage.screen());
    assert!(stage.line(0).contains("▲ 1 high"), "seen is no alarm any more: {}", stage.line(0));

    // The other one is silenced with its service, and so are both.
    stage.keys("j s tab").keys("ctrl-u").write("2h").keys("tab").write("disk swap").keys("enter");
    let silence = &stage.model.board.silences[0];
    assert_eq!((&*silence.target, &*silence.reason), ("group-buying/payment-service", "disk swap"));
    assert_eq!(silence.until.duration_since(stage.now).as_hours(), 2);
    assert!(stage.find("until 14:00:40, silenced by ada: disk swap").is_some(), "{}", stage.screen());
    assert!(stage.line(0).contains("▲ 2 muted"), "{}", stage.line(0));
    assert!(stage.find("!✖ payment-service").is_none());

    stage.keys("u");
    assert!(stage.model.board.silences.is_empty());
    assert!(stage.line(0).contains("▲ 1 high"), "{}", stage.line(0));
    stage.keys("enter");
    assert!(stage.model.dialogs.is_empty());
    assert_eq!(stage.selected(), "payment-service");

    // The health tab says it, too.
    stage.keys("3 z");
    assert_eq!(stage.model.tab, Tab::Health);
    assert!(stage.find("critical ServiceDown since 12:00:").is_some(), "{}", stage.screen());
    assert!(stage.find("seen by ada 12:00:40: looking").is_some(), "{}", stage.screen());
}

#[test]
fn a_row_is_acknowledged_and_silenced_where_it_stands() {
    let mut stage = Stage::on_duty(MEDIUM);
    stage.at("payment-service").keys("A").write("on it").keys("enter");
    assert!(stage.model.board.open[0].acknowledged.is_some());
    stage.at("nginx").keys("A");
    assert!(stage.foot().contains("nginx has no open incident"), "{}", stage.foot());
    stage.keys("M enter");
    assert_eq!(&*stage.model.board.silences[0].target, "group-buying/nginx");
    stage.keys("left M enter");
    assert_eq!(&*stage.model.board.silences[1].target, "group-buying");
    assert_eq!(stage.model.board.loud().count(), 0);
}

#[test]
fn who_may_only_look_may_still_say_so() {
    let mut stage = Stage::on_duty(MEDIUM);
    stage.model.settings = Settings { read_only: true, ..Settings::default() };
    stage.keys("I a").write("on it").keys("enter");
    assert!(stage.model.board.open[0].acknowledged.is_some(), "only the journal changes");
    stage.keys("esc ?").keys("/").write("acknowledge");
    assert!(stage.find("read-only").is_some(), "{}", stage.screen());
}

#[test]
fn what_is_wrong_in_a_form_is_said_and_nothing_happens() {
    let mut stage = Stage::on_duty(SMALL);
    stage.keys("I s tab ctrl-u").write("soon").keys("enter");
    assert!(stage.find("soon").is_some() && stage.model.board.silences.is_empty());
    stage.keys("ctrl-u").write("0s").keys("enter");
    assert!(stage.find("say for how long").is_some(), "{}", stage.screen());
    stage.keys("ctrl-u").write("99999999d").keys("enter");
    assert!(stage.model.board.silences.is_empty(), "{}", stage.screen());
    stage.keys("ctrl-u").write("1h").keys("tab tab ctrl-u enter");
    assert!(stage.find("say what is to be quiet").is_some(), "{}", stage.screen());
    stage.keys("esc");
    assert!(stage.model.board.silences.is_empty());
    stage.keys("u");
    assert!(stage.foot().contains("it is not silenced"), "{}", stage.foot());
}

#[test]
fn the_choice_is_an_incident_not_a_row() {
    let mut stage = Stage::on_duty(MEDIUM);
    stage.keys("I j");
    assert!(stage.find("RestartLoop: restarts >= 3").is_some(), "{}", stage.screen());
    // Another one comes above it, and then the chosen one is gone.
    let mut board = stage.model.board.clone();
    let mut other = board.open[0].clone();
    other.key.rule = "CertificateExpired".into();
    board.open.insert(0, other);
    stage.duty = None;
    stage.send(Msg::Incidents(Box::new(board.clone())));
    assert!(stage.find("RestartLoop: restarts >= 3").is_some(), "{}", stage.screen());
    board.open.truncate(2);
    stage.send(Msg::Incidents(Box::new(board)));
    assert!(stage.find("rule      ServiceDown: down").is_some(), "{}", stage.screen());
    stage.send(Msg::Incidents(Box::new(Board { rules: Some(13), ..Board::default() })));
    assert!(stage.find("No incident is open").is_some(), "{}", stage.screen());
    stage.keys("a s S u enter");
    assert_eq!(stage.effects.iter().filter(|e| matches!(e, Effect::Silence { .. })).count(), 0);
}

#[test]
fn what_is_over_is_listed_when_asked_for() {
    let mut stage = Stage::on_duty(MEDIUM);
    let mut over = stage.model.board.open[0].clone();
    over.key.rule = "HighMemory".into();
    over.closed = Some((stage.now, quarterdeck::alert::End::Over));
    let board = Board { over: vec![over], ..stage.model.board.clone() };
    stage.duty = None;
    stage.send(Msg::Incidents(Box::new(board)));
    stage.keys("I");
    assert!(stage.find("HighMemory").is_none());
    stage.keys("c G");
    assert!(
        stage.find("HighMemory").is_some() && stage.find("ended 12:00:40: over").is_some(),
        "{}",
        stage.screen()
    );
    stage.keys("a");
    assert!(stage.foot().contains("nothing to acknowledge"), "{}", stage.foot());
}

#[test]
fn an_incident_of_what_is_well_stands_in_its_row() {
    let mut stage = Stage::on_duty(LARGE);
    let mut board = stage.model.board.clone();
    let mut memory = board.open[0].clone();
    memory.key = quarterdeck::alert::Key { rule: "HighMemory".into(), service: Some(stage.service("redis")) };
    memory.severity = Severity::High;
    memory.figures = "memory_of_limit 93%".into();
    board.open.push(memory);
    stage.duty = None;
    stage.send(Msg::Incidents(Box::new(board)));
    let (_, row) = stage.find("!✔ redis").expect("marked");
    assert!(row.contains("healthy, HighMemory: memory_of_limit 93%"), "{row}");
}

#[test]
fn no_size_breaks_the_list() {
    let mut stage = Stage::on_duty(MEDIUM);
    for (cols, rows) in [(32, 8), (20, 5), (3, 3), (1, 1), (200, 1), (1, 50), (80, 10), (200, 60)] {
        stage.send(Msg::Resize(quarterdeck::engine::TermSize { cols, rows }));
        for keys in ["I", "a", "esc", "s", "esc", "c", "esc"] {
            stage.keys(keys);
            stage.draw();
        }
    }
}
