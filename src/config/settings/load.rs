//! From file and environment to [`Settings`].
//!
//! A good file is read in one go. A bad one is gone through again (`mistakes`), so that all its
//! mistakes are told at once.

use std::path::{Path, PathBuf};

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

use super::Settings;
use super::mistakes::mistakes;
use crate::config::document::Document;
use crate::config::library::read;
use crate::config::metrics::MetricsRule;
use crate::config::paths::{Paths, is_absent};
use crate::config::probe::ProbeRule;
use crate::config::problem::{Problem, Problems, quote};
use crate::config::theme::Env;
use crate::text::sanitize;

/// The most lines of history a log may be opened with.
const MAX_TAIL: u64 = 1_000_000;

/// The variables that set something, and what they set. `DOCKER_HOST` and `DOCKER_CONTEXT` are
/// the engine's business; they only take the file's word away.
pub(super) const VARIABLES: [(&str, &str); 3] =
    [("QD_THEME", "ui.theme"), ("QD_KEYMAP", "ui.keymap"), ("QD_READ_ONLY", "read_only")];

impl Settings {
    /// Defaults, then `file` (else the user's `config.toml`, which may be absent), then the
    /// environment.
    ///
    /// # Errors
    /// The file named can't be read, or says something wrong, or a variable does: every mistake.
    pub fn load(paths: &Paths, file: Option<&Path>, env: Env<'_>) -> Result<Self, Problems> {
        let path = file.map(Path::to_owned).or_else(|| paths.config_file());
        let mut settings = match path {
            Some(path) if file.is_some() || !is_absent(&path) => {
                let name = sanitize::label(&path.display().to_string(), 200);
                let mut settings = Self::read(&name, &read(&path)?)?;
                settings.settle(&path, env("HOME").as_deref());
                settings
            }
            _ => Self::default(),
        };
        settings.apply(env)?;
        Ok(settings)
    }

    /// Reads a file's text, called `file` in problems.
    ///
    /// # Errors
    /// All its mistakes.
    pub fn read(file: &str, text: &str) -> Result<Self, Problems> {
        match toml::from_str::<Self>(text) {
            Ok(settings)
                if problem_of_values(&settings).is_none() && problem_of_items(&settings).is_none() =>
            {
                Ok(settings)
            }
            _ => Err(mistakes(file, text)),
        }
    }

    /// Paths in it are meant from the file they stand in.
    pub(in crate::config) fn settle(&mut self, file: &Path, home: Option<&str>) {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        self.alerts.resolve(file.parent(), home);
    }

    fn apply(&mut self, env: Env<'_>) -> Result<(), Problems> {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        if let Some(theme) = set("QD_THEME") {
            self.ui.theme = theme;
        }
        if let Some(keymap) = set("QD_KEYMAP") {
            self.ui.keymap = keymap;
        }
        if set("DOCKER_HOST").is_some() || set("DOCKER_CONTEXT").is_some() {
            self.engine = super::EngineSettings::default();
        }
        if let Some(dir) = &self.logs.save_dir {
            self.logs.save_dir = Some(from_home(dir, set("HOME"))?);
        }
        match set("QD_READ_ONLY").as_deref() {
            // A variable makes things safer only: the file's `read_only = true` stays.
            None | Some("0" | "false" | "no" | "off") => Ok(()),
            Some("1" | "true" | "yes" | "on") => {
                self.read_only = true;
                Ok(())
            }
            // Guessing here could let through what someone meant to forbid.
            Some(other) => {
                let what = format!("{} is neither yes nor no", quote(other));
                Err(Problem::whole("QD_READ_ONLY", what, "set it to 1 or 0, or unset it").into())
            }
        }
    }
}

/// `~/logs` → `/home/me/logs`.
fn from_home(dir: &Path, home: Option<String>) -> Result<PathBuf, Problems> {
    let Ok(rest) = dir.strip_prefix("~") else { return Ok(dir.to_owned()) };
    let home = home.ok_or_else(|| {
        Problem::whole("logs.save_dir", "there is no home for `~` (HOME is not set)", "write the whole path")
    })?;
    Ok(PathBuf::from(home).join(rest))
}

/// What types can't tell: key, what is wrong, and the remedy.
pub(super) fn problem_of_values(settings: &Settings) -> Option<(&'static str, &'static str)> {
    let Settings { protected, engine, ui, logs, alerts, .. } = settings;
    if protected.iter().any(|glob| glob.trim().is_empty()) {
        // An empty glob protects nothing, while its author believes that something is protected.
        return Some(("an empty name protects nothing", "name a project, like \"prod-*\""));
    }
    if engine.host.is_some() && engine.context.is_some() {
        return Some(("`host` and `context` both name an engine", "keep one of the two"));
    }
    if [&engine.host, &engine.context].iter().any(|v| v.as_ref().is_some_and(|v| v.trim().is_empty())) {
        return Some(("it is empty", "name the engine, or remove the line"));
    }
    if ui.theme.is_empty() || ui.keymap.is_empty() {
        return Some(("it is empty", "remove the line to get the default"));
    }
    let is_relative = |dir: &PathBuf| !dir.is_absolute() && !dir.starts_with("~");
    if logs.save_dir.as_ref().is_some_and(is_relative) {
        return Some(("the path depends on where qd is started", "begin it with / or ~/"));
    }
    alerts.problem()
}

/// What types can't tell of the items of a list, taken by themselves.
pub(super) fn problem_of_items(settings: &Settings) -> Option<(String, String)> {
    let probes = settings.probes.iter().find_map(ProbeRule::problem);
    probes.or_else(|| settings.metrics.iter().find_map(MetricsRule::problem))
}

pub(super) fn tail<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let lines = u64::deserialize(from)?;
    if lines > MAX_TAIL {
        let expected = format!("at most {MAX_TAIL} lines");
        return Err(D::Error::invalid_value(Unexpected::Unsigned(lines), &expected.as_str()));
    }
    Ok(lines)
}

/// Where a key of the file has its value: for what only others can judge (is there such a theme?).
pub(in crate::config) fn place_of(text: &str, section: &str, key: &str) -> (usize, usize) {
    let mut document = Document::new("", text);
    let place = document.parse().and_then(|tree| {
        let value = tree.get(section)?.get_ref().get(key)?;
        Some(document.place(&value.span()))
    });
    place.unwrap_or_default()
}
