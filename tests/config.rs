//! Config files as users write them: the good ones work, and each bad one is answered with the
//! words its first line expects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use quarterdeck::action::Action;
use quarterdeck::config::{
    Chord, Context, Depth, Kind, Library, Lookup, Origin, Paths, Role, Settings, check, check_all,
};
use ratatui::style::Color;

fn fixtures(folder: &str) -> Paths {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    Paths { config: Some(dir), state: None }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn good_files_are_found_good() {
    let paths = fixtures("valid_configs");
    let all = files(paths.config.as_ref().unwrap());
    assert!(all.len() >= 6);
    for path in &all {
        let checked = check(path, &paths);
        assert!(checked.problems.is_empty(), "{}:\n{:#?}", path.display(), checked.problems);
    }
    // Of the folder itself, only what qd would read: not the other configs lying about.
    let kinds: Vec<_> = check_all(&paths).into_iter().map(|c| c.kind.unwrap()).collect();
    assert_eq!(kinds, [Kind::Config, Kind::Theme, Kind::Theme, Kind::Keymap, Kind::Keymap]);
}

#[test]
fn bad_files_are_answered_with_what_they_expect() {
    let paths = fixtures("invalid_configs");
    let all = files(paths.config.as_ref().unwrap());
    assert!(all.len() >= 20);
    for path in &all {
        let text = fs::read_to_string(path).unwrap();
        let expected = text.lines().next().unwrap().strip_prefix("# expect: ").expect("a first line");
        let problems = check(path, &paths).problems;
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        // The place is in this file, or (a circle of two) in the other one of the circle.
        let answers = |s: &String| {
            s.split_once(".toml")
                .or_else(|| s.split_once(".yaml"))
                .is_some_and(|(_, s)| s.trim_start_matches([':', ' ']).starts_with(expected))
        };
        assert!(
            said.iter().any(answers),
            "{} should say\n{expected}\nand says\n{}",
            path.display(),
            said.join("\n")
        );
        assert_eq!(said.len(), 1, "one mistake, one problem: {said:#?}");
        assert!(problems.iter().all(|p| !p.remedy.is_empty()));
    }
}

#[test]
fn the_good_config_is_what_it_says() {
    let env = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
    let settings = Settings::load(&fixtures("valid_configs"), None, &env).unwrap();
    assert!(settings.read_only && settings.ui.utc && !settings.ui.mouse);
    assert_eq!(settings.protected, ["prod-*", "payments/db"]);
    assert_eq!(settings.logs.memory, 64 << 20);
    assert_eq!(settings.logs.save_dir.unwrap(), Path::new("/home/me/logs"));
    assert_eq!(settings.engine.context.as_deref(), Some("prod-1"));
}

#[test]
fn user_themes_patch_shipped_ones_and_stand_on_patched_ones() {
    let library = Library::new(&fixtures("valid_configs"));
    let shipped = Library::default().theme("quarterdeck", Depth::True).unwrap();
    let patched = library.theme("quarterdeck", Depth::True).unwrap();
    assert_eq!(patched.style(Role::Text).bg, Some(Color::Reset));
    assert_eq!(patched.style(Role::Ok), shipped.style(Role::Ok));

    let mine = library.theme("mine", Depth::True).unwrap();
    assert_eq!(mine.style(Role::Text).bg, Some(Color::Reset), "through the user's patch");
    assert_eq!(mine.style(Role::Key).fg, Some(Color::Rgb(0xff, 0x87, 0)), "the palette reaches every role");
    assert_eq!(mine.style(Role::Selected).bg, Some(Color::Indexed(214)));

    let nord = library.theme("nord", Depth::True).unwrap();
    assert_eq!(
        nord,
        Library::default().theme("nord", Depth::True).unwrap(),
        "a patch changes no other theme"
    );
}

#[test]
fn user_keymaps_patch_shipped_ones_and_stand_on_others() {
    let library = Library::new(&fixtures("valid_configs"));
    let keys = |text: &str| Chord::parse_sequence(text).unwrap();
    let patched = library.keymap("default").unwrap();
    assert_eq!(patched.lookup(Context::Grid, &keys("Q")), Lookup::Action(Action::Quit));
    assert_eq!(patched.lookup(Context::Grid, &keys("q")), Lookup::None);

    let mine = library.keymap("mine").unwrap();
    assert_eq!(mine.lookup(Context::Grid, &keys("g p")), Lookup::Action(Action::NextProblem));
    assert_eq!(mine.lookup(Context::Grid, &keys("q")), Lookup::Action(Action::Quit), "k9s is not patched");
}

#[test]
fn lists_tell_where_things_come_from_and_what_is_broken() {
    let themes = Library::new(&fixtures("valid_configs")).themes();
    let origin = |name: &str| themes.iter().find(|t| t.name == name).unwrap().origin.clone();
    assert_eq!(origin("nord"), Origin::Shipped);
    assert!(matches!(origin("quarterdeck"), Origin::Patched(p) if p.ends_with("themes/quarterdeck.toml")));
    assert!(matches!(origin("mine"), Origin::User(p) if p.ends_with("themes/mine.toml")));
    assert!(themes.iter().all(|t| t.broken.is_none() && !t.doc.is_empty()));

    let keymaps = Library::new(&fixtures("invalid_configs")).keymaps();
    assert!(keymaps.iter().filter(|k| k.origin == Origin::Shipped).all(|k| k.broken.is_none()));
    assert!(keymaps.iter().filter(|k| matches!(k.origin, Origin::User(_))).all(|k| k.broken.is_some()));
}

#[test]
fn names_that_are_no_names_reach_no_file() {
    let library = Library::new(&fixtures("valid_configs"));
    for name in ["../config", "themes/mine", "", "/etc/passwd", "\u{1b}[31m"] {
        let said = library.theme(name, Depth::True).unwrap_err().to_string();
        assert!(said.starts_with("theme: there is no theme"), "{said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
}

#[test]
fn an_unreadable_theme_says_so() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("themes/dir.toml")).unwrap();
    let library = Library::new(&Paths { config: Some(dir.path().to_owned()), state: None });
    let said = library.theme("dir", Depth::True).unwrap_err().to_string();
    assert!(said.contains("dir.toml: it is no file of text"), "{said}");
}
