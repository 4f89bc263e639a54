//! What keymap files may say, and that the shipped ones say sensible things.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::action::{Group, Risk};
use crate::config::library::Library;
use crate::config::problem::Problems;

/// Actions that deliberately have no key in `default`, each with its reason.
const WITHOUT_KEY: &[(Action, &str)] = &[];

fn shipped_names() -> Vec<String> {
    Library::default().keymap_names()
}

fn shipped_keymap(name: &str) -> Result<Keymap, Problems> {
    Library::default().keymap(name)
}

fn chords(text: &str) -> Vec<Chord> {
    Chord::parse_sequence(text).unwrap()
}

fn layers(texts: &[&str]) -> Vec<Layer> {
    texts.iter().zip(["base.toml", "patch.toml"]).map(|(t, f)| Layer::read(f, t).unwrap()).collect()
}

fn keymap(texts: &[&str]) -> Keymap {
    resolve("test", &layers(texts)).unwrap()
}

fn refused(texts: &[&str]) -> String {
    resolve("test", &layers(texts)).unwrap_err().to_string()
}

#[test]
fn every_shipped_keymap_resolves() {
    for name in &shipped_names() {
        let keymap = shipped_keymap(name).unwrap_or_else(|e| panic!("{name}:\n{e}"));
        assert_eq!(keymap.name, *name);
        assert!(!keymap.doc.is_empty(), "{name} has no doc");
    }
    assert_eq!(shipped_names().len(), 4);
}

#[test]
fn every_action_has_a_key_in_every_shipped_keymap_or_a_reason() {
    for name in &shipped_names() {
        let keymap = shipped_keymap(name).unwrap();
        for &action in Action::ALL {
            let reachable = Context::ALL.iter().any(|&c| keymap.key(c, action).is_some());
            let excused = WITHOUT_KEY.iter().any(|(a, _)| *a == action);
            assert!(reachable != excused, "{name}: {}: a key {reachable}, a reason {excused}", action.name());
        }
    }
}

#[test]
fn keys_that_move_about_never_destroy() {
    for name in &shipped_names() {
        let keymap = shipped_keymap(name).unwrap();
        let all = || Context::ALL.iter().flat_map(|&c| keymap.bound(c));
        let mut moving: Vec<Chord> =
            all().filter(|b| b.action.group() == Group::Move).map(|b| b.chords[0]).collect();
        moving.extend(
            [
                "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "space", "tab",
                "esc",
            ]
            .map(|k| chords(k)[0]),
        );
        for binding in all().filter(|b| b.action.risk() == Risk::Dangerous) {
            assert!(!moving.contains(&binding.chords[0]), "{name}: {} destroys", binding.shown);
        }
    }
}

#[test]
fn the_everyday_keys_work_in_every_shipped_keymap() {
    for name in &shipped_names() {
        let keymap = shipped_keymap(name).unwrap();
        for (key, action) in [
            ("up", Action::Up),
            ("down", Action::Down),
            ("pageup", Action::PageUp),
            ("pagedown", Action::PageDown),
            ("home", Action::Top),
            ("end", Action::Bottom),
            ("esc", Action::Cancel),
            ("?", Action::Help),
            (":", Action::Palette),
            ("q", Action::Quit),
            ("/", Action::Filter),
            ("tab", Action::FocusNext),
            ("1", Action::TabLogs),
            ("5", Action::TabConfig),
        ] {
            for context in Context::ALL {
                assert_eq!(keymap.lookup(context, &chords(key)), Lookup::Action(action), "{name}: {key}");
            }
        }
        for (key, action) in [("S", Action::Scale), ("D", Action::Deploy), ("R", Action::Rollback)] {
            for context in Context::ALL {
                assert_eq!(keymap.lookup(context, &chords(key)), Lookup::Action(action), "{name}: {key}");
            }
        }
    }
}

#[test]
fn default_has_the_keys_people_know() {
    let keymap = shipped_keymap("default").unwrap();
    for (context, keys, action) in [
        (Context::Grid, "j", Action::Down),
        (Context::Grid, "g g", Action::Top),
        (Context::Grid, "G", Action::Bottom),
        (Context::Grid, "enter", Action::Open),
        (Context::Grid, "l", Action::TabLogs),
        (Context::Grid, "p", Action::PreviousLogs),
        (Context::Grid, "s", Action::Shell),
        (Context::Grid, "d", Action::TabConfig),
        (Context::Grid, "r", Action::Restart),
        (Context::Grid, "space", Action::Mark),
        (Context::Logs, "l", Action::Right),
        (Context::Logs, "n", Action::SearchNext),
        (Context::Logs, "t", Action::Timestamps),
        (Context::Logs, "w", Action::Wrap),
    ] {
        assert_eq!(keymap.lookup(context, &chords(keys)), Lookup::Action(action), "{keys}");
    }
    assert_eq!(keymap.lookup(Context::Grid, &chords("g")), Lookup::Pending);
    assert_eq!(keymap.lookup(Context::Grid, &chords("g x")), Lookup::None);
    assert_eq!(keymap.lookup(Context::Grid, &[]), Lookup::None);
    assert_eq!(keymap.lookup(Context::Grid, &chords("w")), Lookup::None);
    assert_eq!(keymap.keys(Context::Grid, Action::Top), ["g g", "home"]);
}

#[test]
fn the_others_have_the_keys_of_what_they_are_named_after() {
    for (name, context, keys, action) in [
        ("k9s", Context::Grid, "g", Action::Top),
        ("k9s", Context::Grid, "y", Action::TabConfig),
        ("k9s", Context::Logs, "y", Action::TabConfig),
        ("k9s", Context::Grid, "ctrl-d", Action::Remove),
        ("k9s", Context::Logs, "ctrl-f", Action::PageDown),
        ("k9s", Context::Logs, "s", Action::Follow),
        ("k9s", Context::Grid, "s", Action::Shell),
        ("lazydocker", Context::Grid, "s", Action::Stop),
        ("lazydocker", Context::Grid, "d", Action::Remove),
        ("lazydocker", Context::Grid, "p", Action::Pause),
        ("lazydocker", Context::Grid, "E", Action::Shell),
        ("lazydocker", Context::Grid, "m", Action::TabLogs),
        ("lazydocker", Context::Grid, "]", Action::NextTab),
        ("emacs", Context::Grid, "ctrl-n", Action::Down),
        ("emacs", Context::Grid, "alt-x", Action::Palette),
        ("emacs", Context::Grid, "ctrl-x ctrl-c", Action::Quit),
        ("emacs", Context::Logs, "ctrl-s", Action::Search),
        ("emacs", Context::Logs, "ctrl-x ctrl-s", Action::SaveLogs),
    ] {
        let keymap = shipped_keymap(name).unwrap();
        assert_eq!(keymap.lookup(context, &chords(keys)), Lookup::Action(action), "{name}: {keys}");
    }
}

#[test]
fn a_table_goes_before_global_and_none_hides_it() {
    let keymap = keymap(&[r#"
        global.q = "quit"
        global.x = "stop"
        global.y = "restart"
        grid.x = "mark"
        logs.y = "none"
    "#]);
    assert_eq!(keymap.lookup(Context::Grid, &chords("x")), Lookup::Action(Action::Mark));
    assert_eq!(keymap.lookup(Context::Pane, &chords("x")), Lookup::Action(Action::Stop));
    assert_eq!(keymap.lookup(Context::Logs, &chords("y")), Lookup::None);
    assert_eq!(keymap.lookup(Context::Grid, &chords("y")), Lookup::Action(Action::Restart));
}

#[test]
fn a_patch_rebinds_unbinds_and_is_shown_first() {
    let keymap = keymap(&[
        "global = { q = 'quit', x = 'stop', r = 'restart' }",
        "global = { x = 'none', r = 'mark', Q = 'quit' }",
    ]);
    assert_eq!(keymap.lookup(Context::Global, &chords("x")), Lookup::None);
    assert_eq!(keymap.lookup(Context::Global, &chords("r")), Lookup::Action(Action::Mark));
    assert_eq!(keymap.keys(Context::Global, Action::Quit), ["Q", "q"]);
}

#[test]
fn hidden_sequences_are_errors_that_name_both_sides() {
    let said = refused(&["[global]\nq = 'quit'\n'g g' = 'top'\ng = 'bottom'\n"]);
    assert!(
        said.starts_with("base.toml:4:1: in [global], `g` = `bottom` hides `g g` = `top`")
            && said.contains("line 3")
            && said.contains("`\"g g\" = \"none\"` in [global]"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "reported once, not once for each context: {said}");

    let base = "[global]\nq = 'quit'\n'g g' = 'top'\n";
    let said = refused(&[base, "[grid]\ng = 'mark'\n"]);
    assert!(said.starts_with("patch.toml:2:1: in [grid], `g` = `mark` hides"), "{said}");
    assert!(said.contains("line 3 of base.toml"), "{said}");

    let patched = keymap(&[base, "[grid]\ng = 'mark'\n'g g' = 'none'\n"]);
    assert_eq!(patched.lookup(Context::Grid, &chords("g")), Lookup::Action(Action::Mark));
    assert_eq!(patched.lookup(Context::Logs, &chords("g g")), Lookup::Action(Action::Top));
}

#[test]
fn all_mistakes_of_a_file_are_reported_with_their_places() {
    let text = "\
inherit = 'default'
[global]
q = 'quit'
'C-x' = 'stop'
r = 'restrat'
G = 'bottom'
shift-g = 'top'
y = 3
[girds]
";
    let problems = Layer::read("k.toml", text).unwrap_err().0;
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in [
        "k.toml:1:1: a keymap has no `inherit` (did you mean `inherits`?)",
        "k.toml:4:1: `C-x` is no key (did you mean `ctrl-x`?)",
        "k.toml:5:5: there is no action `restrat` (did you mean `restart`?)",
        "k.toml:7:1: `G` in [global] is bound to `top` here and to `bottom` in line 6",
        "k.toml:8:5: `y` is not bound to text",
        "k.toml:9:2: a keymap has no `girds` (did you mean `grid`?)",
    ] {
        assert!(said.iter().any(|s| s.starts_with(expected)), "{expected}\nnot in\n{said:#?}");
    }
    assert_eq!(said.len(), 6, "{said:#?}");
}

#[test]
fn no_way_out_is_refused() {
    let said = refused(&["global = { q = 'quit' }", "global = { q = 'none' }"]);
    assert!(said.starts_with("patch.toml: no key in [global] leaves quarterdeck"), "{said}");
}
