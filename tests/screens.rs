//! Screens: what is drawn at four sizes, in which colours, and that no size or key breaks it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use proptest::prelude::*;
use quarterdeck::action::Action;
use quarterdeck::config::{Library, Role, Settings};
use quarterdeck::console::{Effect, Msg};
use quarterdeck::engine::TermSize;
use quarterdeck::fleet::{HostUsage, Observation};
use stage::{LARGE, MEDIUM, SMALL, Stage, postmortem};

const TINY: TermSize = TermSize { cols: 32, rows: 8 };

#[test]
fn the_main_screen_at_four_sizes() {
    for (name, size) in [("80x24", SMALL), ("120x40", MEDIUM), ("200x50", LARGE), ("32x8", TINY)] {
        let mut stage = Stage::new(size);
        stage.pass(3);
        insta::assert_snapshot!(format!("main_{name}"), stage.screen());
    }
}

#[test]
fn the_tree_of_a_project_and_of_a_service() {
    for (name, size) in [("80x24", SMALL), ("120x40", MEDIUM)] {
        let mut stage = Stage::new(size);
        stage.at("postgres").keys("x y");
        stage.work();
        stage.pass(120);
        stage.at("order-service").keys("7");
        insta::assert_snapshot!(format!("tree_needs_{name}"), stage.screen());
        stage.at("whatsapp-service").keys("7 left z");
        insta::assert_snapshot!(format!("tree_impact_{name}"), stage.screen());
        stage.keys("esc left tab g g 7 z");
        insta::assert_snapshot!(format!("tree_project_{name}"), stage.screen());
    }
}

#[test]
fn dialogs() {
    let mut stage = Stage::new(SMALL);
    stage.at("order-service").keys("x");
    insta::assert_snapshot!("confirm_stop", stage.screen());
    stage.keys("esc").keys("?");
    insta::assert_snapshot!("help", stage.screen());
    stage.keys("esc :").write("re");
    insta::assert_snapshot!("palette", stage.screen());
    stage.keys("esc").command("pick-theme");
    insta::assert_snapshot!("pick_theme", stage.screen());
    let settings = Settings { protected: vec!["group-buying".into()], ..Settings::default() };
    let mut stage = Stage::with(SMALL, settings);
    stage.at("redis").keys("X").write("red");
    insta::assert_snapshot!("confirm_typed", stage.screen());
}

#[test]
fn why_something_died_is_read_scrolled_saved_and_turned_over() {
    for (name, size) in [("80x24", SMALL), ("120x40", MEDIUM)] {
        let mut stage = Stage::new(size);
        stage.pass(3);
        stage.at("payment-service").keys("W");
        postmortem::answer(&mut stage);
        insta::assert_snapshot!(format!("postmortem_{name}"), stage.screen());
        stage.keys("G");
        assert!(!stage.screen().contains("Crash loop"), "scrolled");
        stage.keys("ctrl-s");
        let saved = stage.effects.iter().rev().find_map(|effect| match effect {
            Effect::Save { stem, extension, text } => Some((stem.clone(), *extension, text.clone())),
            _ => None,
        });
        let (stem, extension, text) = saved.unwrap();
        assert_eq!((stem.as_str(), extension), ("postmortem-group-buying/payment-service", "md"));
        assert!(
            text.starts_with("# Post-mortem 3 of group-buying/payment-service\n\n**Crash loop"),
            "{text}"
        );
        // Older ones are asked for by number, and there is none newer.
        stage.keys("left");
        assert!(
            matches!(stage.effects.last(), Some(Effect::PostMortem(_, _, Some(2)))),
            "{:?}",
            stage.effects.last()
        );
        stage.keys("esc right");
        assert!(stage.screen().contains("there is no newer one"), "{}", stage.screen());
        stage.keys("esc");
        assert!(stage.model.dialogs.is_empty());
    }
    let mut stage = Stage::new(SMALL);
    stage.keys("g g W");
    assert!(stage.screen().contains("select one"), "{}", stage.screen());
}

#[test]
fn the_pages_about_the_machine() {
    for (name, size) in [("80x24", SMALL), ("120x40", MEDIUM)] {
        let mut stage = Stage::new(size);
        stage.pass(3);
        stage.keys("B j j");
        insta::assert_snapshot!(format!("ports_{name}"), stage.screen());
        stage.keys("esc H u");
        let told = stage.world.disk_use();
        stage.send(Msg::DiskUse(1, Ok(told)));
        insta::assert_snapshot!(format!("host_{name}"), stage.screen());
    }
}

#[test]
fn a_machine_in_need_says_so_in_the_header() {
    let mut stage = Stage::new(SMALL);
    let usage = *stage.model.fleet.host().unwrap();
    assert!(!stage.line(0).contains("disk"), "there is no room for what is well");
    let full = HostUsage { disk: Some(97), inodes: Some(99), inodes_total: Some(100), ..usage };
    stage.tell(Observation::Host(full));
    stage.settle();
    let head = stage.line(0);
    assert!(head.contains("disk 97%") && head.contains("inodes 99%"), "{head}");
    let (buf, theme) = (stage.draw(), &stage.model.skin.theme);
    let at = head.split("disk").next().unwrap().chars().count() as u16;
    assert_eq!(Some(buf[(at, 0)].fg), theme.style(Role::Bad).fg);
}

#[test]
fn colours_say_what_words_say() {
    let stage = Stage::new(MEDIUM);
    let buf = stage.draw();
    let theme = &stage.model.skin.theme;
    let cell = |text: &str, offset: u16| {
        let (row, line) = stage.find(text).unwrap();
        let col = line.split(text).next().unwrap().chars().count() as u16;
        buf[(col + offset, row)].clone()
    };
    assert_eq!(Some(cell("✔ redis", 0).fg), theme.style(Role::Ok).fg);
    assert_eq!(Some(cell("✖ whatsapp-service", 0).fg), theme.style(Role::Bad).fg);
    assert_eq!(Some(cell("unhealthy", 0).fg), theme.style(Role::Bad).fg);
    assert_eq!(Some(cell("‖ office-service", 0).fg), theme.style(Role::Warn).fg);
    assert_eq!(Some(cell(" DEMO ", 1).bg), theme.style(Role::Badge).bg);
    // The selected row differs from its neighbours over its whole width.
    let (row, _) = stage.find("✖ payment-service").unwrap();
    for x in 0..120 {
        let (here, below) = (&buf[(x, row)], &buf[(x, row + 1)]);
        assert!(here.bg != below.bg || here.modifier != below.modifier, "column {x}");
    }
}

#[test]
fn every_theme_keeps_the_selection_and_the_badge_visible() {
    for name in Library::default().theme_names() {
        let mut settings = Settings::default();
        settings.ui.theme.clone_from(&name);
        let stage = Stage::with(SMALL, settings);
        let buf = stage.draw();
        let (row, _) = stage.find("✖ payment-service").unwrap();
        let (here, below) = (&buf[(10, row)], &buf[(10, row + 1)]);
        assert_ne!((here.fg, here.bg, here.modifier), (below.fg, below.bg, below.modifier), "{name}");
        assert!(stage.line(0).contains("DEMO"), "{name}");
    }
}

#[test]
fn badges_outlive_everything_else_in_the_header() {
    let settings = Settings { read_only: true, ..Settings::default() };
    for cols in (20..200).rev() {
        let stage = Stage::with(TermSize { cols, rows: 24 }, settings.clone());
        let head = stage.line(0);
        assert!(head.contains("DEMO") && head.contains("READ-ONLY"), "{cols}: {head}");
    }
}

#[test]
fn badges_stay_on_a_screen_too_low_for_a_header() {
    let settings = Settings { read_only: true, ..Settings::default() };
    for rows in [1, 2] {
        for opened in ["", "/", "?", ":"] {
            let mut stage = Stage::with(TermSize { cols: 30, rows }, settings.clone());
            if !opened.is_empty() {
                stage.keys(opened);
            }
            let head = stage.line(0);
            assert!(head.contains("DEMO") && head.contains("READ-ONLY"), "{rows} {opened:?}: {head}");
        }
    }
}

#[test]
fn the_machine_is_in_the_header_where_it_fits() {
    for (size, seen) in [(SMALL, "cpu  34%"), (MEDIUM, "cpu  34% mem 6.0G/15G disk 71%"), (LARGE, "disk 71%")]
    {
        let stage = Stage::new(size);
        let head = stage.line(0);
        assert!(head.contains(seen) && head.contains("live"), "{head}");
    }
}

#[test]
fn a_protected_row_is_seen_in_the_header() {
    let settings = Settings { protected: vec!["*/redis".into()], ..Settings::default() };
    let mut stage = Stage::with(MEDIUM, settings.clone());
    let protected = stage.model.skin.theme.style(Role::HeaderProtected);
    let here = |stage: &Stage| (stage.draw()[(60, 0)].bg, stage.line(0).contains("PROTECTED"));
    stage.at("nginx");
    assert_ne!(Some(here(&stage).0), protected.bg);
    assert!(!here(&stage).1);
    stage.at("redis");
    assert_eq!((Some(here(&stage).0), here(&stage).1), (protected.bg, true));
    stage.keys("left");
    assert!(here(&stage).1, "its project holds it");
    let mut stage = Stage::with(MEDIUM, Settings { read_only: true, ..settings });
    stage.at("redis");
    assert!(!here(&stage).1, "nothing can be changed");
}

#[test]
fn a_plain_terminal_gets_plain_characters() {
    let mut stage = Stage::new(MEDIUM);
    stage.model.skin.glyphs = quarterdeck::config::Glyphs::ASCII;
    for keys in ["g", "esc ?", "esc x", "esc :", "esc 2", "3", "4", "5"] {
        stage.keys(keys);
        let screen = stage.screen();
        let odd: Vec<char> = screen.chars().filter(|c| !c.is_ascii()).collect();
        assert!(odd.is_empty(), "{keys}: {odd:?}: {screen}");
    }
}

#[test]
fn why_something_is_down_can_be_read() {
    let mut stage = Stage::new(SMALL);
    stage.pass(3);
    assert!(stage.find("down 3m: exit 1").is_some(), "{}", stage.screen());
    assert!(stage.find("3 of 19 not well").is_some(), "{}", stage.screen());
    assert!(Stage::new(TINY).find("3 unwell").is_some());
    let stage = Stage::new(MEDIUM);
    assert!(stage.find("unhealthy 20m: http /health").is_some(), "{}", stage.screen());
}

#[test]
fn what_runs_and_does_not_work_says_so_in_every_place() {
    for (name, size) in [("80x24", SMALL), ("120x40", MEDIUM)] {
        let mut stage = Stage::new(size);
        stage.pass(3);
        stage.at("whatsapp-service").keys("3");
        insta::assert_snapshot!(format!("probes_{name}"), stage.screen());
        stage.at("order-service").keys("2");
        insta::assert_snapshot!(format!("latency_{name}"), stage.screen());
        // What is measured is further down where there is no room.
        stage.keys("z G");
        insta::assert_snapshot!(format!("measured_{name}"), stage.screen());
        assert!(stage.find("MEASURED").is_some());
        stage.keys("z");
    }
    // The whole of it.
    let mut stage = Stage::new(LARGE);
    stage.at("nginx").keys("3");
    for words in
        ["PROBES", "https /", "passing since", "certificate expires 2026-12-09", "15 min", "errors 0%"]
    {
        assert!(stage.find(words).is_some(), "{words}: {}", stage.screen());
    }
    // Without one, nothing of it is to be seen.
    let mut stage = Stage::new(MEDIUM);
    for it in stage.model.fleet.services().map(|it| it.id.clone()).collect::<Vec<_>>() {
        let probes: Vec<_> = stage.model.fleet.probes(&it).map(|p| p.last().clone()).collect();
        for last in probes {
            let (service, replica, probe) = (last.service, last.replica, last.probe);
            stage.tell(Observation::Unprobed { service, replica, probe });
        }
    }
    stage.at("nginx").keys("3");
    assert!(stage.find("PROBES").is_none(), "{}", stage.screen());
}

/// Keys of all kinds, more of those that open something.
fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "j",
        "k",
        "g",
        "G",
        "enter",
        "esc",
        "tab",
        "space",
        "/",
        ":",
        "?",
        "r",
        "x",
        "X",
        "z",
        "Z",
        "+",
        "-",
        "1",
        "2",
        "3",
        "4",
        "5",
        "o",
        "O",
        "right",
        "left",
        "n",
        "N",
        "y",
        "a",
        "ctrl-d",
        "ctrl-u",
        "ctrl-f",
        "w",
        "t",
        "T",
        "J",
        "v",
        "f",
        "p",
        "backspace",
        "down",
        "up",
        "pagedown",
        "home",
        "end",
        "*",
        ">",
        "<",
        "alt-t",
        "alt-k",
        "f12",
        "delete",
        "ctrl-c",
        "s",
        "B",
        "H",
        "c",
        "u",
        "é",
        "日",
    ])
}

#[derive(Clone, Debug)]
enum Step {
    Key(&'static str),
    Size(u16, u16),
    Pass,
    Click(u16, u16),
    Action(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => key().prop_map(Step::Key),
        2 => (1_u16..60, 1_u16..30).prop_map(|(c, r)| Step::Size(c, r)),
        1 => (60_u16..250, 1_u16..70).prop_map(|(c, r)| Step::Size(c, r)),
        1 => Just(Step::Pass),
        2 => (0_u16..130, 0_u16..45).prop_map(|(x, y)| Step::Click(x, y)),
        2 => (0..Action::ALL.len()).prop_map(Step::Action),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is pressed, clicked and resized: it is drawn, and the selection is a row.
    #[test]
    fn no_soup_of_keys_and_sizes_breaks_it(steps in prop::collection::vec(step(), 1..60)) {
        let mut stage = Stage::new(SMALL);
        for step in steps {
            match step {
                Step::Key(key) => { stage.keys(key); }
                Step::Size(cols, rows) => {
                    stage.send(Msg::Resize(TermSize { cols, rows }));
                    stage.settle();
                }
                Step::Pass => stage.pass(1),
                Step::Click(x, y) => stage.click(x, y),
                Step::Action(i) => { stage.command(Action::ALL[i].name()); }
            }
            stage.draw();
            stage.work();
            let rows = stage.model.grid.rows();
            prop_assert!(rows.is_empty() || stage.model.grid.index() < rows.len());
        }
    }
}

#[test]
fn every_size_down_to_one_cell_is_drawn() {
    let mut stage = Stage::new(SMALL);
    for opened in ["", "?", ":", "alt-t", "r", "X", "f12", "/", "tab", "B", "H"] {
        stage.keys("esc esc esc esc");
        if !opened.is_empty() {
            stage.keys(opened);
        }
        for cols in 1..40 {
            for rows in 1..16 {
                stage.send(Msg::Resize(TermSize { cols, rows }));
                stage.settle();
                stage.draw();
            }
        }
        stage.send(Msg::Resize(SMALL));
    }
}
