//! Config, theme and keymap files that are saved while the console is open.

use std::path::Path;

use super::super::Msg;
use super::super::model::Skin;
use super::Again;
use crate::config::{Changed, Depth, Library, Paths, Settings, Watch, watch};

/// Watches the user's files.
pub(super) struct Reload {
    watch: Option<Watch>,
    again: Again,
    settings: Settings,
}

impl Reload {
    /// Watch; without it, changes are seen at the next start, which is no reason not to open.
    /// `file` is read in place of `config.toml`, `again` resolves settings anew.
    pub(super) fn watch(paths: &Paths, file: Option<&Path>, settings: Settings, again: Again) -> Self {
        let watch = watch(paths, file).map_err(|error| tracing::warn!(%error, "no reload")).ok();
        Self { watch, again, settings }
    }

    /// What the next saved file means for the screen. Pends for ever where nothing is watched.
    pub(super) async fn next(&mut self, library: &Library, depth: Depth, skin: &Skin) -> Vec<Msg> {
        let Some(watch) = &mut self.watch else { return std::future::pending().await };
        match watch.changed().await {
            // Another theme may be what this one stands on: what is shown is read again either way.
            Changed::Theme(_) => theme(library, &skin.theme.name, depth, skin),
            Changed::Keymap(_) => keymap(library, &skin.keymap.name, skin),
            // Taken over with the config, at the next start.
            Changed::Alerts => Vec::new(),
            Changed::Config => self.config(library, depth, skin),
        }
    }

    fn config(&mut self, library: &Library, depth: Depth, skin: &Skin) -> Vec<Msg> {
        let settings = match (self.again)() {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Glyphs;

    /// Settings as `--theme nord` over a file leaves them.
    fn resolved(text: &str) -> Settings {
        let mut settings = Settings::read("config.toml", text).unwrap();
        "nord".clone_into(&mut settings.ui.theme);
        settings
    }

    #[test]
    fn a_flag_outlives_a_saved_file() {
        let library = Library::default();
        let skin = Skin {
            theme: library.theme("nord", Depth::True).unwrap(),
            keymap: library.keymap("default").unwrap(),
            glyphs: Glyphs::UNICODE,
            utc: true,
        };
        let again: Again = Box::new(|| Ok(resolved("[ui]\ntheme = 'dracula'\nkeymap = 'emacs'")));
        let mut reload = Reload { watch: None, again, settings: resolved("") };
        let msgs = reload.config(&library, Depth::True, &skin);
        assert!(
            matches!(msgs.as_slice(), [Msg::Keymap(Ok(keymap))] if keymap.name == "emacs"),
            "the keymap is the file's, the theme the command line's: {msgs:?}"
        );
    }
}
