//! Config, theme and keymap files that are saved while the console is open.

use std::path::Path;

use super::super::Msg;
use super::super::model::Skin;
use super::Again;
use crate::config::{AlertSettings, Changed, Depth, Library, Paths, Settings, Watch, watch};

/// What a saved file means.
#[derive(Debug)]
pub(super) enum News {
    /// For the screen.
    Msg(Msg),
    /// For whoever is on duty: rules and webhooks are to be read anew.
    Alerts(Box<AlertSettings>),
    /// For whoever asks services: probes or metrics are other ones.
    Asks(Box<Settings>),
}

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
        let watch = watch(paths, file)
            .map(|watch| watch.with_rules(&settings.alerts.rules))
            .map_err(|error| tracing::warn!(%error, "no reload"))
            .ok();
        Self { watch, again, settings }
    }

    /// What the next saved file means. Pends for ever where nothing is watched.
    pub(super) async fn next(&mut self, library: &Library, depth: Depth, skin: &Skin) -> Vec<News> {
        let Some(watch) = &mut self.watch else { return std::future::pending().await };
        match watch.changed().await {
            // Another theme may be what this one stands on: what is shown is read again either way.
            Changed::Theme(_) => for_screen(theme(library, &skin.theme.name, depth, skin)),
            Changed::Keymap(_) => for_screen(keymap(library, &skin.keymap.name, skin)),
            Changed::Alerts => vec![News::Alerts(Box::new(self.settings.alerts.clone()))],
            Changed::Config => self.config(library, depth, skin),
        }
    }

    fn config(&mut self, library: &Library, depth: Depth, skin: &Skin) -> Vec<News> {
        let settings = match (self.again)() {
            Ok(settings) => settings,
            Err(problems) => {
                return for_screen(vec![Msg::Notice(format!("config not taken over: {problems}"))]);
            }
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
        rest.alerts.clone_from(&self.settings.alerts);
        rest.probes.clone_from(&self.settings.probes);
        rest.metrics.clone_from(&self.settings.metrics);
        if rest != self.settings {
            msgs.push(Msg::Notice(
                "config changed: all but theme, keymap, alerts, probes and metrics takes effect at the next start"
                    .into(),
            ));
        }
        let asks = (&settings.probes, &settings.metrics) != (&self.settings.probes, &self.settings.metrics);
        if asks {
            msgs.push(Msg::Notice("probes and metrics taken over".into()));
        }
        let mut news = for_screen(msgs);
        if asks {
            news.push(News::Asks(Box::new(settings.clone())));
        }
        if settings.alerts != self.settings.alerts {
            self.watch = self.watch.take().map(|watch| watch.with_rules(&settings.alerts.rules));
            news.push(News::Alerts(Box::new(settings.alerts.clone())));
        }
        self.settings = settings;
        news
    }
}

fn for_screen(msgs: Vec<Msg>) -> Vec<News> {
    msgs.into_iter().map(News::Msg).collect()
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

    fn skin(library: &Library) -> Skin {
        Skin {
            theme: library.theme("nord", Depth::True).unwrap(),
            keymap: library.keymap("default").unwrap(),
            glyphs: Glyphs::UNICODE,
            utc: true,
        }
    }

    #[test]
    fn a_flag_outlives_a_saved_file() {
        let library = Library::default();
        let skin = skin(&library);
        let again: Again = Box::new(|| Ok(resolved("[ui]\ntheme = 'dracula'\nkeymap = 'emacs'")));
        let mut reload = Reload { watch: None, again, settings: resolved("") };
        let msgs = reload.config(&library, Depth::True, &skin);
        assert!(
            matches!(msgs.as_slice(), [News::Msg(Msg::Keymap(Ok(keymap)))] if keymap.name == "emacs"),
            "the keymap is the file's, the theme the command line's: {msgs:?}"
        );
    }

    #[test]
    fn other_probes_are_asked_at_once_and_need_no_other_start() {
        let library = Library::default();
        let skin = skin(&library);
        let probe = "[[probe]]\nservice = '*'\nhttp = '/health'\n";
        let again: Again = Box::new(|| Ok(resolved(probe)));
        let mut reload = Reload { watch: None, again, settings: resolved("") };
        let news = reload.config(&library, Depth::True, &skin);
        assert!(
            matches!(news.as_slice(), [News::Msg(Msg::Notice(said)), News::Asks(to)]
                if said == "probes and metrics taken over" && to.probes.len() == 1),
            "{news:?}"
        );
        assert!(reload.config(&library, Depth::True, &skin).is_empty(), "nothing else changed");
    }

    #[test]
    fn other_alerts_are_read_at_once_and_need_no_other_start() {
        let library = Library::default();
        let skin = skin(&library);
        let again: Again = Box::new(|| Ok(resolved("[alerts]\ndefaults = false")));
        let mut reload = Reload { watch: None, again, settings: resolved("") };
        let news = reload.config(&library, Depth::True, &skin);
        assert!(matches!(news.as_slice(), [News::Alerts(alerts)] if !alerts.defaults), "{news:?}");
        assert!(reload.config(&library, Depth::True, &skin).is_empty(), "nothing else changed");
    }
}
