//! From the command line to what commands work with: paths, settings, theme, output, engine.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Global, When};
use super::exit::CliError;
use super::out::Out;
use super::session::Session;
use super::style::Paint;
use crate::config::{Depth, Glyphs, Library, Paths, Problems, Settings};
use crate::engine::{self, Engine, Guard};
use crate::journal::{Journal, JournalError, Who};

/// Everything resolved but the engine: for commands that need none, and for the console.
pub(super) struct Setup {
    /// The command line's own part.
    pub(super) global: Global,
    /// Where files lie.
    pub(super) paths: Paths,
    /// Settings as resolved: defaults, file, environment, flags.
    pub(super) settings: Settings,
    /// Themes and keymaps.
    pub(super) library: Library,
}

/// The process's environment.
pub(super) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The command line goes before file and environment.
fn flags_over(global: &Global, settings: &mut Settings) {
    let Global { host, context, read_only, theme, keymap, ascii, no_mouse, .. } = global;
    settings.engine.replace(host.clone(), context.clone());
    settings.read_only |= read_only;
    if let Some(theme) = theme {
        settings.ui.theme.clone_from(theme);
    }
    if let Some(keymap) = keymap {
        settings.ui.keymap.clone_from(keymap);
    }
    if *ascii {
        settings.ui.ascii = Some(true);
    }
    settings.ui.mouse &= !no_mouse;
}

impl Setup {
    /// Read the config and put the flags over it.
    pub(super) fn new(global: Global) -> Result<Self, CliError> {
        let paths = Paths::from_env(&env);
        let settings = Settings::load(&paths, global.config.as_deref(), &env);
        Ok(Self::resolve(global, paths, settings.map_err(|e| CliError::config(&e))?))
    }

    /// The settings as they would be at a start now.
    pub(super) fn settings_again(global: &Global) -> Result<Settings, Problems> {
        let paths = Paths::from_env(&env);
        let mut settings = Settings::load(&paths, global.config.as_deref(), &env)?;
        flags_over(global, &mut settings);
        Ok(settings)
    }

    /// The defaults with the flags over them: for commands that help with a broken config.
    pub(super) fn without_config(global: Global) -> Self {
        Self::resolve(global, Paths::from_env(&env), Settings::default())
    }

    fn resolve(global: Global, paths: Paths, mut settings: Settings) -> Self {
        let library = Library::new(&paths);
        flags_over(&global, &mut settings);
        Self { global, paths, settings, library }
    }

    /// The config file in use, whether it is there or not.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        self.global.config.clone().or_else(|| self.paths.config_file())
    }

    /// Where the engine's address came from, for the doctor.
    pub(super) fn endpoint_source(&self) -> &'static str {
        let set = |name| env(name).is_some_and(|v| !v.is_empty());
        let Setup { global, settings, .. } = self;
        match () {
            () if global.demo.is_some() => "simulated, as --demo asks",
            () if global.host.is_some() => "from --host",
            () if global.context.is_some() => "from --context",
            () if set("DOCKER_HOST") => "from DOCKER_HOST",
            () if set("DOCKER_CONTEXT") => "from DOCKER_CONTEXT",
            () if settings.engine.host.is_some() => "from the config's engine.host",
            () if settings.engine.context.is_some() => "from the config's engine.context",
            () => "from docker's current context, or the usual sockets",
        }
    }

    /// How many colours to use.
    pub(super) fn depth(&self) -> Depth {
        match self.global.color {
            When::Never => Depth::None,
            When::Auto => self.settings.ui.colors.depth(&env),
            // Asked for: wishes against it are overruled, abilities are not.
            When::Always => self.settings.ui.colors.depth(&|name| match name {
                "NO_COLOR" | "CLICOLOR" => None,
                "CLICOLOR_FORCE" => Some("1".into()),
                name => env(name),
            }),
        }
    }

    /// Which characters to use.
    pub(super) fn glyphs(&self) -> &'static Glyphs {
        Glyphs::choose(self.settings.ui.ascii, &env)
    }

    /// Standard output, painted where a terminal wants it.
    pub(super) fn out(&self) -> Result<Out, CliError> {
        let mut out = Out::new(self.glyphs());
        let wanted = match self.global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => out.tty && self.depth() > Depth::None,
        };
        if wanted {
            let theme = self.library.theme(&self.settings.ui.theme, self.depth());
            out.paint = Paint::new(theme.map_err(|e| CliError::config(&e))?);
        }
        Ok(out)
    }

    /// Standard output for commands that have to work where nothing else does: painted only
    /// where the theme can be used.
    pub(super) fn plain_out(&self) -> Out {
        self.out().unwrap_or_else(|_| Out::new(self.glyphs()))
    }

    /// The engine that is asked for, behind the rules of who may change what. Nothing is dialled yet.
    pub(super) fn engine(&self) -> Result<Arc<dyn Engine>, CliError> {
        let protection = self.settings.protection();
        match &self.global.demo {
            Some(spec) => Ok(Arc::new(Guard::new(super::demo::open(spec)?, protection))),
            None => Ok(engine::open(&self.settings.engine, protection)?),
        }
    }

    /// The journal, or why there is none; neither where none is wanted. The demo has one of its
    /// own, gone with it. Blocks.
    pub(super) fn journal(&self) -> (Option<Journal>, Option<JournalError>) {
        if self.global.no_journal {
            return (None, None);
        }
        let opened = match (&self.global.demo, self.journal_file()) {
            (Some(spec), _) => super::demo::journal(spec),
            (None, Some(path)) => Journal::open(&path),
            (None, None) => Err(JournalError::Homeless),
        };
        match opened {
            Ok(journal) => (Some(journal), None),
            Err(problem) => (None, Some(problem)),
        }
    }

    /// Where the journal lies; `None` for a user without a home.
    pub(super) fn journal_file(&self) -> Option<PathBuf> {
        let named = self.settings.journal.path.clone();
        named.or_else(|| Some(self.paths.state.as_ref()?.join("journal.db")))
    }

    /// Everything a headless command works with.
    pub(super) fn session(self) -> Result<Session, CliError> {
        let out = self.out()?;
        let engine = self.engine()?;
        let (journal, journal_problem) = self.journal();
        Ok(Session {
            engine,
            journal,
            journal_problem,
            without_journal: self.global.no_journal,
            who: Who::current(&env),
            settings: self.settings,
            out,
        })
    }
}
