//! Notices when the user saves a config, theme or keymap. The kernel tells; nothing is polled.
//!
//! Directories are watched, not files: editors write a new file and rename it over the old one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::paths::{Paths, stem};

/// Editors save in several steps; what comes this close together is one change.
const QUIET: Duration = Duration::from_millis(80);
/// A file that never rests is reported all the same.
const AT_MOST: Duration = Duration::from_millis(500);

/// What changed on disk. Load it again; what is loaded may be broken, then keep the last good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// `config.toml`, or the file used in its place.
    Config,
    /// The theme of that name, which others may inherit.
    Theme(String),
    /// The keymap of that name, which others may inherit.
    Keymap(String),
    /// A file of alert rules that the config names.
    Alerts,
}

/// The config directory can't be watched; changes take effect at the next start.
#[derive(Debug, thiserror::Error)]
#[error("changes of config files are not noticed ({0}); restart qd after changing them")]
pub struct WatchError(#[from] notify::Error);

/// Watches the config directory for as long as it lives.
#[derive(Debug)]
pub struct Watch {
    paths: Paths,
    /// The file used in place of `config.toml`.
    file: Option<PathBuf>,
    /// Files of alert rules.
    rules: BTreeSet<PathBuf>,
    watcher: RecommendedWatcher,
    events: mpsc::UnboundedReceiver<Vec<PathBuf>>,
    /// What was given to the watcher already.
    watched: BTreeSet<PathBuf>,
    changed: BTreeSet<Changed>,
}

/// Starts watching the user's files; `file` is read in place of `config.toml`. Directories that are not there yet are found when they are made.
///
/// # Errors
/// The system has no more watches to give. Not that there is no config directory: then nothing
/// ever changes.
pub fn watch(paths: &Paths, file: Option<&Path>) -> Result<Watch, WatchError> {
    let (tell, events) = mpsc::unbounded_channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| match event {
        // Reading a file is an event too; it changes nothing.
        Ok(event) if !matches!(event.kind, EventKind::Access(_)) => {
            // The receiver gone means qd is leaving.
            let _ = tell.send(event.paths);
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "watching the config directory"),
    })?;
    // What is told carries the whole path.
    let file = file.and_then(|file| std::path::absolute(file).ok());
    let (paths, watched, changed) = (paths.clone(), BTreeSet::new(), BTreeSet::new());
    let rules = BTreeSet::new();
    let mut watch = Watch { paths, file, rules, watcher, events, watched, changed };
    watch.look()?;
    Ok(watch)
}

impl Watch {
    /// Watches these files of alert rules, too, and no others than them.
    #[must_use]
    pub fn with_rules(mut self, rules: &[PathBuf]) -> Self {
        self.rules = rules.iter().filter_map(|file| std::path::absolute(file).ok()).collect();
        if let Err(error) = self.look() {
            tracing::warn!(%error, "watching alert rules");
        }
        self
    }

    /// The next change; several files saved at once come one after the other. Pends for ever where
    /// there is nothing to watch.
    pub async fn changed(&mut self) -> Changed {
        loop {
            if let Some(changed) = self.changed.pop_first() {
                return changed;
            }
            let Some(paths) = self.events.recv().await else {
                return std::future::pending().await;
            };
            self.note(&paths);
            let end = Instant::now() + AT_MOST;
            while let Ok(Some(paths)) = timeout_at(end.min(Instant::now() + QUIET), self.events.recv()).await
            {
                self.note(&paths);
            }
        }
    }

    /// Watches what is there: the config directory and its two folders, or, where the former is
    /// missing, the nearest directory above it.
    fn look(&mut self) -> Result<(), WatchError> {
        let config = self.paths.config.clone();
        let above = config.iter().filter_map(|c| c.ancestors().find(|p| p.is_dir()).map(Path::to_owned));
        let beside = self.file.as_ref().and_then(|file| file.parent()).map(Path::to_owned);
        let folders = [config.clone(), self.paths.themes(), self.paths.keymaps(), beside];
        let rules = self.rules.iter().filter_map(|file| file.parent()).map(Path::to_owned);
        let rules: Vec<PathBuf> = rules.collect();
        let there = folders.into_iter().flatten().chain(rules).filter(|p| p.is_dir());
        for dir in there.chain(above) {
            if !self.watched.contains(&dir) {
                self.watcher.watch(&dir, RecursiveMode::NonRecursive)?;
                self.watched.insert(dir);
            }
        }
        Ok(())
    }

    fn note(&mut self, paths: &[PathBuf]) {
        if self.file.as_ref().is_some_and(|file| paths.contains(file)) {
            self.changed.insert(Changed::Config);
        }
        if paths.iter().any(|path| self.rules.contains(path)) {
            self.changed.insert(Changed::Alerts);
        }
        let Some(config) = self.paths.config.clone() else { return };
        for path in paths {
            if let Some(changed) = self.kind(&config, path) {
                self.changed.insert(changed);
            } else if config.starts_with(path) || path.parent() == Some(&config) {
                self.directory(path);
            }
        }
    }

    /// Which of the user's files a path is.
    fn kind(&self, config: &Path, path: &Path) -> Option<Changed> {
        // Another file is read in its place.
        kind(config, path).filter(|changed| *changed != Changed::Config || self.file.is_none())
    }

    /// A directory came or went. What lies in a new one was perhaps written before we watched it.
    fn directory(&mut self, path: &Path) {
        self.watched.retain(|p| p.is_dir());
        let before = self.watched.clone();
        // Again until nothing new is found: what is made between looking and watching tells nobody.
        loop {
            let known = self.watched.len();
            if let Err(error) = self.look() {
                tracing::warn!(%error, path = %path.display(), "watching the config directory");
            }
            if self.watched.len() == known {
                break;
            }
        }
        let Some(config) = self.paths.config.clone() else { return };
        let new: Vec<_> = self.watched.difference(&before).cloned().collect();
        for file in new.iter().filter_map(|dir| std::fs::read_dir(dir).ok()).flatten().flatten() {
            if let Some(changed) = self.kind(&config, &file.path()) {
                self.changed.insert(changed);
            }
        }
    }
}

/// Which of the user's files a path is.
fn kind(config: &Path, path: &Path) -> Option<Changed> {
    let (dir, file) = (path.parent()?, path.file_name()?);
    if dir == config {
        return (file == "config.toml").then_some(Changed::Config);
    }
    let folder = dir.strip_prefix(config).ok()?;
    let name = stem(path)?.to_owned();
    match folder.to_str()? {
        "themes" => Some(Changed::Theme(name)),
        "keymaps" => Some(Changed::Keymap(name)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    async fn next(watch: &mut Watch) -> Option<Changed> {
        tokio::time::timeout(Duration::from_secs(5), watch.changed()).await.ok()
    }

    #[test]
    fn paths_are_recognised() {
        let kind = |p: &str| kind(Path::new("/c"), Path::new(p));
        assert_eq!(kind("/c/config.toml"), Some(Changed::Config));
        assert_eq!(kind("/c/themes/nord.toml"), Some(Changed::Theme("nord".into())));
        assert_eq!(kind("/c/keymaps/k9s.toml"), Some(Changed::Keymap("k9s".into())));
        for other in
            ["/c", "/c/config.toml.swp", "/c/themes/.nord.toml.kate-swp", "/c/x/nord.toml", "/d/config.toml"]
        {
            assert_eq!(kind(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn a_save_by_rename_is_one_change() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("qd");
        fs::create_dir_all(config.join("themes")).unwrap();
        let paths = Paths { config: Some(config.clone()), state: None };
        let mut watch = watch(&paths, None).unwrap();

        fs::write(config.join("themes/.mine.new"), "doc = 'x'").unwrap();
        fs::rename(config.join("themes/.mine.new"), config.join("themes/mine.toml")).unwrap();
        assert_eq!(next(&mut watch).await, Some(Changed::Theme("mine".into())));

        fs::write(config.join("config.toml"), "").unwrap();
        assert_eq!(next(&mut watch).await, Some(Changed::Config));
        let more = tokio::time::timeout(Duration::from_millis(300), watch.changed()).await;
        assert!(more.is_err(), "one save, one change: {more:?}");
    }

    #[tokio::test]
    async fn a_file_in_place_of_the_config_is_watched_where_it_lies() {
        let dir = tempfile::tempdir().unwrap();
        let (config, other) = (dir.path().join("qd"), dir.path().join("other"));
        for dir in [&config, &other] {
            fs::create_dir_all(dir).unwrap();
        }
        let file = other.join("mine.toml");
        fs::write(&file, "").unwrap();
        let mut watch = watch(&Paths { config: Some(config.clone()), state: None }, Some(&file)).unwrap();
        fs::write(config.join("config.toml"), "").unwrap();
        fs::write(other.join("neighbour.toml"), "").unwrap();
        let none = tokio::time::timeout(Duration::from_millis(300), watch.changed()).await;
        assert!(none.is_err(), "what is not read: {none:?}");
        fs::write(&file, "read_only = true").unwrap();
        assert_eq!(next(&mut watch).await, Some(Changed::Config));
    }

    #[tokio::test]
    async fn directories_made_later_are_watched_too() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("later/qd");
        let mut watch = watch(&Paths { config: Some(config.clone()), state: None }, None).unwrap();

        fs::create_dir_all(config.join("keymaps")).unwrap();
        fs::write(config.join("keymaps/mine.toml"), "").unwrap();
        assert_eq!(next(&mut watch).await, Some(Changed::Keymap("mine".into())));
        fs::write(config.join("config.toml"), "").unwrap();
        assert_eq!(next(&mut watch).await, Some(Changed::Config));
    }

    #[tokio::test]
    async fn without_a_config_directory_nothing_changes() {
        let mut watch = watch(&Paths::default(), None).unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), watch.changed()).await.is_err());
    }
}
