//! `qd config check`: what is wrong with a file, whichever of the four kinds it is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::alerts;
use super::keymap;
use super::library::{KEYMAPS, Library, THEMES, read};
use super::paths::{Paths, is_absent, stem};
use super::problem::{Problem, Problems, quote};
use super::settings::{Settings, place_of};
use super::theme;
use crate::action::Action;
use crate::alert;
use crate::text::sanitize;

/// What a file of the user's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `config.toml`.
    Config,
    /// A theme.
    Theme,
    /// A keymap.
    Keymap,
    /// A file of alert rules.
    Alerts,
}

impl Kind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Theme => "theme",
            Self::Keymap => "keymap",
            Self::Alerts => "file of alert rules",
        }
    }
}

/// A file that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The file.
    pub path: PathBuf,
    /// What it was taken for; `None` where it could not even be read.
    pub kind: Option<Kind>,
    /// What is wrong with it; empty = nothing.
    pub problems: Vec<Problem>,
}

/// Checks one file, wherever it lies, as if it were the user's: what it inherits, and whether the
/// theme and keymap it names are there, is looked up in `paths`.
pub fn check(path: &Path, paths: &Paths) -> Checked {
    let mut checked = Checked { path: path.to_owned(), kind: None, problems: Vec::new() };
    match read(path) {
        Err(Problems(problems)) => checked.problems = problems,
        Ok(text) => {
            let kind = kind_of(path, &text);
            checked.kind = Some(kind);
            checked.problems = problems(kind, path, &text, paths);
        }
    }
    checked
}

/// Checks every file the user has: `config.toml`, all themes, all keymaps, the alert rules it names.
pub fn check_all(paths: &Paths) -> Vec<Checked> {
    let mut files: Vec<PathBuf> = paths.config_file().filter(|p| !is_absent(p)).into_iter().collect();
    for dir in [paths.themes(), paths.keymaps()].into_iter().flatten() {
        let Ok(found) = std::fs::read_dir(dir) else { continue };
        let mut found: Vec<_> =
            found.flatten().map(|f| f.path()).filter(|p| p.extension() == Some(OsStr::new("toml"))).collect();
        found.sort();
        files.extend(found);
    }
    files.extend(named_rules(paths));
    files.iter().map(|path| check(path, paths)).collect()
}

/// The rule files the user's config names, as far as it can be read.
fn named_rules(paths: &Paths) -> Vec<PathBuf> {
    let Some(file) = paths.config_file() else { return Vec::new() };
    let settings = read(&file).and_then(|text| Settings::read("", &text));
    let Ok(mut settings) = settings else { return Vec::new() };
    settings.settle(&file, std::env::var("HOME").ok().as_deref());
    // One that is not there is told where it is named.
    settings.alerts.rules.into_iter().filter(|path| path.exists()).collect()
}

fn problems(kind: Kind, path: &Path, text: &str, paths: &Paths) -> Vec<Problem> {
    let library = Library::new(paths);
    let shown = sanitize::label(&path.display().to_string(), 200).to_string();
    if kind == Kind::Alerts {
        return alerts::problems(&shown, &alert::parse(&shown, text));
    }
    let Some(name) = stem(path).or((kind == Kind::Config).then_some("config")) else {
        let what = "its name can't be typed as a theme or keymap";
        return vec![Problem::whole(shown, what, "name it with letters, digits, - and _, ending in .toml")];
    };
    let outcome = match kind {
        Kind::Alerts => Ok(()),
        Kind::Config => Settings::read(&shown, text).and_then(|mut settings| {
            settings.settle(path, std::env::var("HOME").ok().as_deref());
            named(&library, &settings, &shown, text)
        }),
        Kind::Theme => library
            .layers_from(THEMES, name, Some(path))
            .and_then(|layers: Vec<theme::Layer>| theme::resolve(name, &layers))
            .map(drop),
        Kind::Keymap => library
            .layers_from(KEYMAPS, name, Some(path))
            .and_then(|layers: Vec<keymap::Layer>| keymap::resolve(name, &layers))
            .map(drop),
    };
    outcome.err().map(|Problems(p)| p).unwrap_or_default()
}

/// The theme and keymap a config names have to be there.
fn named(library: &Library, settings: &Settings, file: &str, text: &str) -> Result<(), Problems> {
    let mut problems = Vec::new();
    let missing = [
        ("theme", library.missing(THEMES, &settings.ui.theme)),
        ("keymap", library.missing(KEYMAPS, &settings.ui.keymap)),
    ];
    for (key, missing) in missing {
        if let Some((what, remedy)) = missing {
            let (line, column) = place_of(text, "ui", key);
            problems.push(Problem { file: file.to_owned(), line, column, what, remedy });
        }
    }
    for path in settings.alerts.rules.iter().filter(|path| !path.exists()) {
        let (line, column) = place_of(text, "alerts", "rules");
        let what = format!("there is no file {}", quote(&path.display().to_string()));
        let remedy = "name one that is there, or remove it".into();
        problems.push(Problem { file: file.to_owned(), line, column, what, remedy });
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

/// By where it lies, else by its name, else by what it says.
fn kind_of(path: &Path, text: &str) -> Kind {
    if path.extension().and_then(OsStr::to_str).is_some_and(|e| e == "yaml" || e == "yml") {
        return Kind::Alerts;
    }
    let folder = path.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    match (folder, path.file_name().and_then(OsStr::to_str)) {
        (Some("themes"), _) => return Kind::Theme,
        (Some("keymaps"), _) => return Kind::Keymap,
        (_, Some("config.toml")) => return Kind::Config,
        _ => {}
    }
    let (tree, _) = DeTable::parse_recoverable(text);
    let tree = tree.get_ref();
    let has = |key: &str| tree.contains_key(key);
    if has("roles") || has("palette") {
        return Kind::Theme;
    }
    if has("global") || has("grid") || has("pane") {
        return Kind::Keymap;
    }
    // [logs] is a table of both: in a keymap its values are actions.
    let binds = |value: &str| value == "none" || Action::from_name(value).is_some();
    let logs = tree.get("logs").and_then(|v| v.get_ref().as_table());
    if logs.is_some_and(|t| t.values().any(|v| v.get_ref().as_str().is_some_and(binds))) {
        return Kind::Keymap;
    }
    match tree.get("inherits").and_then(|v| v.get_ref().as_str()) {
        Some(base) if KEYMAPS.has(base) => Kind::Keymap,
        Some(_) => Kind::Theme,
        None => Kind::Config,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_told_by_place_name_or_content() {
        for (path, text, kind) in [
            ("/c/themes/x.toml", "", Kind::Theme),
            ("/c/keymaps/x.toml", "", Kind::Keymap),
            ("/c/config.toml", "[roles]", Kind::Config),
            ("x.toml", "[palette]", Kind::Theme),
            ("x.yaml", "", Kind::Alerts),
            ("x.toml", "inherits = 'nord'", Kind::Theme),
            ("x.toml", "inherits = 'k9s'", Kind::Keymap),
            ("x.toml", "[grid]", Kind::Keymap),
            ("x.toml", "[logs]\nx = 'wrap'", Kind::Keymap),
            ("x.toml", "[logs]\nmemory = '1MiB'", Kind::Config),
            ("x.toml", "read_only = true", Kind::Config),
            ("x.toml", "[roles]\nx = \n", Kind::Theme),
        ] {
            assert_eq!(kind_of(Path::new(path), text), kind, "{path}: {text}");
        }
    }
}
