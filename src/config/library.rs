//! The shelf of themes and keymaps: the shipped ones, embedded, and the user's over them.
//!
//! A user's file of a shipped name is a patch over it; one of a new name stands on what it
//! `inherits`. Only the files that are needed are read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::document::{Inherits, line_of};
use super::keymap::{self, Keymap};
use super::paths::{Paths, is_absent, is_name, stem};
use super::problem::{Problem, Problems, did_you_mean, quote};
use super::theme::{self, Depth, Theme};
use crate::text::sanitize;

macro_rules! shipped {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../", $folder, "/", $name, ".toml"))),)*]
    };
}

pub(super) const THEMES: Shelf = Shelf {
    folder: "themes",
    one: "theme",
    command: "qd themes",
    shipped: shipped!(
        "themes": "quarterdeck", "light", "high-contrast", "colour-blind", "mono", "nord", "gruvbox",
        "solarized-dark", "solarized-light", "dracula", "tokyo-night", "catppuccin",
    ),
};

pub(super) const KEYMAPS: Shelf = Shelf {
    folder: "keymaps",
    one: "keymap",
    command: "qd keys --list",
    shipped: shipped!("keymaps": "default", "k9s", "lazydocker", "emacs"),
};

/// No honest theme, keymap or config is bigger; whatever is, is another file.
const MAX_BYTES: u64 = 1 << 20;

/// Themes or keymaps: what is inside the binary, and where the user's lie.
#[derive(Clone, Copy)]
pub(super) struct Shelf {
    pub(super) folder: &'static str,
    one: &'static str,
    command: &'static str,
    pub(super) shipped: &'static [(&'static str, &'static str)],
}

/// A theme or keymap file as written.
pub(super) trait Layer: Sized {
    /// Reads a file.
    fn read(file: &str, text: &str) -> Result<Self, Problems>;
    /// What it stands on.
    fn inherits(&self) -> Option<&Inherits>;
}

/// Where a theme or keymap comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Inside the binary.
    Shipped,
    /// Inside the binary, changed by the user's file.
    Patched(PathBuf),
    /// The user's own file.
    User(PathBuf),
}

/// A theme or keymap in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// One line about it; empty where its file is broken or says nothing.
    pub doc: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Why it can't be used, if so.
    pub broken: Option<Problems>,
}

/// All themes and keymaps one user has.
#[derive(Clone, Debug, Default)]
pub struct Library {
    config: Option<PathBuf>,
}

impl Library {
    /// The shipped ones, and those in the config directory.
    pub fn new(paths: &Paths) -> Self {
        Self { config: paths.config.clone() }
    }

    /// A theme, in the colours a terminal of that depth shows. Where it shows none, the styles are
    /// those of `mono`, whatever the name: other themes tell things apart by colour.
    ///
    /// # Errors
    /// There is none of that name, or a file it is made of is broken: every mistake, with place
    /// and remedy.
    pub fn theme(&self, name: &str, depth: Depth) -> Result<Theme, Problems> {
        let theme = theme::resolve(name, &self.layers(THEMES, name)?)?;
        if depth == Depth::None && name != "mono" {
            // A broken patch of `mono` is told to who asks for `mono`, not to everyone.
            let mono = self.theme("mono", depth).or_else(|_| Self::default().theme("mono", depth))?;
            return Ok(Theme { name: theme.name, doc: theme.doc, ..mono });
        }
        Ok(theme.at(depth))
    }

    /// A keymap.
    ///
    /// # Errors
    /// As [`Library::theme`]; also keys in conflict.
    pub fn keymap(&self, name: &str) -> Result<Keymap, Problems> {
        keymap::resolve(name, &self.layers(KEYMAPS, name)?)
    }

    /// Every theme: the shipped in their order, then the user's own.
    pub fn themes(&self) -> Vec<Listed> {
        self.list(THEMES, |name| {
            let layers = self.layers::<theme::Layer>(THEMES, name)?;
            theme::resolve(name, &layers).map(|t| t.doc)
        })
    }

    /// Every keymap: the shipped in their order, then the user's own.
    pub fn keymaps(&self) -> Vec<Listed> {
        self.list(KEYMAPS, |name| {
            let layers = self.layers::<keymap::Layer>(KEYMAPS, name)?;
            keymap::resolve(name, &layers).map(|k| k.doc)
        })
    }

    /// The names of all themes, without reading any: for completion.
    pub fn theme_names(&self) -> Vec<String> {
        self.names(THEMES).into_iter().map(|(name, _)| name).collect()
    }

    /// The names of all keymaps, without reading any: for completion.
    pub fn keymap_names(&self) -> Vec<String> {
        self.names(KEYMAPS).into_iter().map(|(name, _)| name).collect()
    }

    fn names(&self, shelf: Shelf) -> Vec<(String, Origin)> {
        let mut own: BTreeMap<String, PathBuf> = BTreeMap::new();
        // A directory that can't be read is one without files: the list is a convenience, and
        // naming a theme in it tells why it can't be read.
        if let Some(files) = self.config.as_ref().and_then(|c| fs::read_dir(c.join(shelf.folder)).ok()) {
            for path in files.flatten().map(|f| f.path()) {
                if let Some(name) = stem(&path) {
                    own.insert(name.to_owned(), path);
                }
            }
        }
        let shipped = shelf.shipped.iter().map(|(name, _)| {
            let origin = own.remove(*name).map_or(Origin::Shipped, Origin::Patched);
            ((*name).to_owned(), origin)
        });
        let mut all: Vec<_> = shipped.collect();
        all.extend(own.into_iter().map(|(name, path)| (name, Origin::User(path))));
        all
    }

    fn list(&self, shelf: Shelf, doc: impl Fn(&str) -> Result<String, Problems>) -> Vec<Listed> {
        let listed = |(name, origin): (String, Origin)| {
            let (doc, broken) = match doc(&name) {
                Ok(doc) => (doc, None),
                Err(problems) => (String::new(), Some(problems)),
            };
            Listed { name, doc, origin, broken }
        };
        self.names(shelf).into_iter().map(listed).collect()
    }

    /// The user's file of that name, if there is one.
    fn user_file(&self, shelf: Shelf, name: &str) -> Option<PathBuf> {
        if !is_name(name) {
            return None;
        }
        let path = self.config.as_ref()?.join(shelf.folder).join(format!("{name}.toml"));
        (!is_absent(&path)).then_some(path)
    }

    /// The files a theme or keymap is made of, the deepest first.
    fn layers<L: Layer>(&self, shelf: Shelf, name: &str) -> Result<Vec<L>, Problems> {
        let top = self.user_file(shelf, name);
        self.layers_from(shelf, name, top.as_deref())
    }

    /// The same with the topmost file given: where it lies does not matter, only what it is called.
    pub(super) fn layers_from<L: Layer>(
        &self,
        shelf: Shelf,
        name: &str,
        top: Option<&Path>,
    ) -> Result<Vec<L>, Problems> {
        let mut layers: Vec<L> = Vec::new();
        let mut seen: Vec<PathBuf> = Vec::new();
        let (mut name, mut file) = (name.to_owned(), top.map(Path::to_owned));
        let mut wanted_by: Option<(String, Inherits)> = None;
        while let Some(path) = file {
            let shown = sanitize::label(&path.display().to_string(), 200);
            let layer = L::read(&shown, &read(&path)?)?;
            seen.push(path);
            let Some(inherits) = layer.inherits().cloned() else {
                layers.push(layer);
                // A file of a shipped name is a patch over it; any other stands for itself.
                return if shelf.has(&name) { shelf.stack(&name, layers) } else { Ok(reversed(layers)) };
            };
            layers.push(layer);
            name.clone_from(&inherits.name);
            wanted_by = Some((shown.to_string(), inherits));
            // A file seen before: what it inherits under its own name is the shipped one.
            file = self.user_file(shelf, &name).filter(|next| !seen.contains(next));
            if file.is_none() && !shelf.has(&name) && seen.iter().any(|s| stem(s) == Some(name.as_str())) {
                return Err(in_a_circle(wanted_by, &name));
            }
        }
        match self.missing(shelf, &name) {
            Some((what, remedy)) => Err(placed(wanted_by, shelf.one, what, remedy)),
            None => shelf.stack(&name, layers),
        }
    }

    /// That there is none of that name, and what to do; `None` = there is one.
    pub(super) fn missing(&self, shelf: Shelf, name: &str) -> Option<(String, String)> {
        if shelf.has(name) || self.user_file(shelf, name).is_some() {
            return None;
        }
        let names = self.names(shelf);
        let hint = did_you_mean(name, names.iter().map(|(n, _)| n.as_str()));
        let what = format!("there is no {} {}{hint}", shelf.one, quote(name));
        Some((what, format!("choose one that `{}` lists", shelf.command)))
    }
}

impl Shelf {
    fn text(self, name: &str) -> Option<&'static str> {
        self.shipped.iter().find(|(n, _)| *n == name).map(|&(_, text)| text)
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// Puts the shipped layers of `name` under those above. Shipped ones stand on shipped ones
    /// only: a patch of one theme changes no other.
    fn stack<L: Layer>(self, name: &str, mut above: Vec<L>) -> Result<Vec<L>, Problems> {
        let mut next = Some(name.to_owned());
        while let Some((name, text)) = next.and_then(|n| Some((n.clone(), self.text(&n)?))) {
            let layer = L::read(&format!("{}/{name}.toml (shipped)", self.folder), text)?;
            next = layer.inherits().map(|i| i.name.clone());
            above.push(layer);
        }
        Ok(reversed(above))
    }
}

fn reversed<L>(mut layers: Vec<L>) -> Vec<L> {
    layers.reverse();
    layers
}

fn in_a_circle(wanted_by: Option<(String, Inherits)>, name: &str) -> Problems {
    let what = format!("`inherits` comes back to {}", quote(name));
    placed(wanted_by, name, what, "inherit from a shipped one".into())
}

fn placed(by: Option<(String, Inherits)>, otherwise: &str, what: String, remedy: String) -> Problems {
    match by {
        Some((file, Inherits { line, column, .. })) => Problem { file, line, column, what, remedy },
        None => Problem::whole(otherwise, what, remedy),
    }
    .into()
}

/// A config file's text.
pub(super) fn read(path: &Path) -> Result<String, Problems> {
    let shown = || sanitize::label(&path.display().to_string(), 200).to_string();
    let unreadable = |e: std::io::Error| {
        Problem::whole(
            shown(),
            format!("it can't be read: {e}"),
            "check its path and permissions; QD_CONFIG_DIR names another directory",
        )
    };
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() || about.len() > MAX_BYTES {
        return Err(Problem::whole(shown(), "it is no file of text under 1 MiB", "name a TOML file").into());
    }
    String::from_utf8(fs::read(path).map_err(unreadable)?).map_err(|e| {
        let good = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let mut problem = Problem::whole(shown(), "it is not UTF-8 here", "save it as UTF-8");
        problem.line = line_of(good);
        problem.into()
    })
}

impl Layer for theme::Layer {
    fn read(file: &str, text: &str) -> Result<Self, Problems> {
        Self::read(file, text)
    }
    fn inherits(&self) -> Option<&Inherits> {
        self.inherits.as_ref()
    }
}

impl Layer for keymap::Layer {
    fn read(file: &str, text: &str) -> Result<Self, Problems> {
        Self::read(file, text)
    }
    fn inherits(&self) -> Option<&Inherits> {
        self.inherits.as_ref()
    }
}
