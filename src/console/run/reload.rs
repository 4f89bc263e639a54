//! Config, theme and keymap files that are saved while the console is open.

use super::super::Msg;
use super::super::model::Skin;
use crate::config::{Changed, Depth, Library, Paths, Settings, Watch, watch};

/// Watches the user's files.
pub(super) struct Reload {
    watch: Option<Watch>,
    paths: Paths,
    settings: Settings,
}

impl Reload {
    /// Watch; without it, changes are seen at the next start, which is no reason not to open.
    pub(super) fn watch(paths: &Paths, settings: Settings) -> Self {
        let watch = watch(paths).map_err(|error| tracing::warn!(%error, "no reload")).ok();
        Self { watch, paths: paths.clone(), settings }
    }

    /// What the next saved file means for the screen. Pends for ever where nothing is watched.
    pub(super) async fn next(&mut self, library: &Library, depth: Depth, skin: &Skin) -> Vec<Msg> {
        let Some(watch) = &mut self.watch else { return std::future::pending().await };
        match watch.changed().await {
            // Another theme may be what this one stands on: what is shown is read again either way.
            Changed::Theme(_) => theme(library, &skin.theme.name, depth, skin),
            Changed::Keymap(_) => keymap(library, &skin.keymap.name, skin),
            Changed::Config => self.config(library, depth, skin),
        }
    }

    fn config(&mut self, library: &Library, depth: Depth, skin: &Skin) -> Vec<Msg> {
        let loaded = Settings::load(&self.paths, None, &|name| std::env::var(name).ok());
        let settings = match loaded {
            Ok(settings) => settings,
            Err(problems) => return vec![Msg::Notice(format!("config not taken over: {problems}"))],
        };
        let mut msgs = Vec::new();
        if settings.ui.theme != self.settings.ui.theme {
            msgs.extend(theme(library, &settings.ui.theme, depth, skin));
        }
        if settings.ui.keymap != self.settings.ui.keymap {
            msgs.extend(keymap(library, &settings.ui.keymap, skin));
        }
        let mut rest = settings.clone();
        rest.ui.theme.clone_from(&self.settings.ui.theme);
        rest.ui.keymap.clone_from(&self.settings.ui.keymap);
        if rest != self.settings {
            msgs.push(Msg::Notice(
                "config changed: all but theme and keymap takes effect at the next start".into(),
            ));
        }
        self.settings = settings;
        msgs
    }
}

fn theme(library: &Library, name: &str, depth: Depth, skin: &Skin) -> Vec<Msg> {
    match library.theme(name, depth) {
        Ok(theme) if theme == skin.theme => Vec::new(),
        Ok(theme) => vec![Msg::Theme(Ok(Box::new(theme)))],
        Err(problems) => vec![Msg::Theme(Err(problems.to_string()))],
    }
}

fn keymap(library: &Library, name: &str, skin: &Skin) -> Vec<Msg> {
    match library.keymap(name) {
        Ok(keymap) if keymap == skin.keymap => Vec::new(),
        Ok(keymap) => vec![Msg::Keymap(Ok(Box::new(keymap)))],
        Err(problems) => vec![Msg::Keymap(Err(problems.to_string()))],
    }
}
