//! What the console is opened with, and how it opens.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use thiserror::Error;
use tokio::runtime;
use tokio::sync::mpsc;

use super::super::ledger::Recording;
use super::super::model::{Model, Skin, Start};
use super::super::{Msg, terminal};
use super::{Inner, Runner};
use crate::config::{Depth, Glyphs, Library, Paths, Problems, Settings};
use crate::engine::{Engine, TermSize};
use crate::fleet::Observation;
use crate::journal::{Journal, JournalError, Who};
use crate::operate::Seat;
use crate::watch;

/// Facts on their way from the engine.
const QUEUE: usize = 512;
/// How long the engine's side may take to end when we leave.
const FAREWELL: Duration = Duration::from_millis(100);

/// Resolves the settings anew.
pub type Again = Box<dyn Fn() -> Result<Settings, Problems> + Send>;

/// What the console is opened with.
pub struct Options {
    /// The engine, behind its read-only guard where that is asked for.
    pub engine: Arc<dyn Engine>,
    /// Settings as resolved.
    pub settings: Settings,
    /// Where themes and keymaps come from.
    pub library: Library,
    /// Where files lie.
    pub paths: Paths,
    /// The file read in place of `config.toml`.
    pub config: Option<PathBuf>,
    /// Resolves the settings anew when a config file was saved, flags included.
    pub again: Again,
    /// The journal; `None`: there is none, or none is wanted.
    pub journal: Option<Journal>,
    /// Why there is none, where one was wanted.
    pub journal_problem: Option<JournalError>,
    /// Who is at the keyboard.
    pub who: Who,
    /// Where the user sits.
    pub seat: Seat,
    /// The colours the terminal shows.
    pub depth: Depth,
    /// The characters the terminal shows.
    pub glyphs: &'static Glyphs,
    /// The engine is the demo.
    pub demo: bool,
    /// Sentences for the status line at the start (`no log file: …`).
    pub warnings: Vec<String>,
}

/// Why the console can't go on. The terminal is given back before it is returned.
#[derive(Debug, Error)]
pub enum ConsoleError {
    /// The terminal can't be taken, read or written.
    #[error("the terminal can't be used: {0}")]
    Terminal(#[from] io::Error),
    /// No threads, no timers: the system is out of something.
    #[error("the console can't start: {0}")]
    Start(#[source] io::Error),
    /// The theme or keymap named in the settings can't be used.
    #[error("{0}")]
    Settings(#[from] Problems),
}

/// Open the console, and stay until the user leaves.
///
/// # Errors
/// See [`ConsoleError`]; an engine that can't be reached is none of them.
pub fn run(options: Options) -> Result<(), ConsoleError> {
    terminal::report_panics(options.paths.state.clone());
    let outside = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(4)
        .thread_name("qd-engine")
        .enable_all()
        .build()
        .map_err(ConsoleError::Start)?;
    // Before anything else: the engine answers while we read themes and take the terminal.
    let (tell, inbox) = mpsc::channel(QUEUE);
    let (told, steering) = watch::steered(&options.engine, &options.settings);
    outside.spawn(pass_on(told, tell.clone()));
    let (cols, rows) = crossterm::terminal::size()?;
    let model = Model::new(start(&options, TermSize { cols, rows })?);
    let inside = runtime::Builder::new_current_thread().enable_all().build().map_err(ConsoleError::Start)?;
    let result = inside.block_on(async {
        let runner = Runner::open(options, model, &outside, steering, tell, inbox)?;
        Box::pin(runner.run()).await
    });
    outside.shutdown_timeout(FAREWELL);
    result
}

/// Pass on what is told of the fleet, for ever.
async fn pass_on(mut watch: BoxStream<'static, Observation>, tell: mpsc::Sender<Inner>) {
    while let Some(observation) = watch.next().await {
        if tell.send(Inner::Msg(Msg::Observed(observation))).await.is_err() {
            return;
        }
    }
    tracing::error!("the engine's watch ended, which it must never do");
}

fn start(options: &Options, size: TermSize) -> Result<Start, ConsoleError> {
    let ui = &options.settings.ui;
    let skin = Skin {
        theme: options.library.theme(&ui.theme, options.depth)?,
        keymap: options.library.keymap(&ui.keymap)?,
        glyphs: *options.glyphs,
        utc: ui.utc,
    };
    Ok(Start {
        settings: options.settings.clone(),
        skin,
        // Read once there is something on the screen: it is every file there is.
        themes: Vec::new(),
        keymaps: Vec::new(),
        endpoint: options.engine.endpoint(),
        demo: options.demo,
        recording: match (&options.journal, &options.journal_problem) {
            (_, Some(problem)) => Recording::Broken { why: problem.to_string(), remedy: problem.remedy() },
            (Some(_), None) => Recording::On,
            (None, None) => Recording::Unwanted,
        },
        seat: options.seat.clone(),
        size,
        now: Timestamp::now(),
    })
}
