//! The runner: where messages come from and effects go to. The console's only room with IO.
//!
//! The screen has a thread of its own (the caller's): nothing an engine does can keep a key from
//! being painted. Engine calls, log streams and jobs run on one worker thread beside it; between
//! them are bounded channels, so a flood waits outside instead of growing in memory.
//!
//! A key is painted at once. What comes from outside is painted at once when the screen was quiet,
//! and at most [`FRAME`] apart in a flood. Nothing changed = nothing is written.

mod effects;
mod input;
mod logs;
mod reload;
mod save;
mod shell;
mod signals;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use thiserror::Error;
use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::model::{Model, Skin, Start};
use super::screen::Screen;
use super::terminal::{self, Terminal};
use super::{Effect, Msg, settle, update, view};
use crate::config::{Depth, Glyphs, Library, Paths, Problems, Settings};
use crate::engine::{self, Engine, EngineError, TermSize};
use crate::fleet::{Link, Observation};
use crate::follow::Batch;
use crate::journal::{Journal, JournalError, Who};
use crate::operate::Progress;
use effects::Work;
use input::Input;
use logs::Following;
use reload::Reload;
use signals::{Signal, Signals};

/// The least time between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(33);
/// Messages taken in before drawing at the latest.
const DRAIN: usize = 256;
/// How long taking in may last while a key waits.
const PATIENCE: Duration = Duration::from_millis(4);
/// Facts on their way from the engine.
const QUEUE: usize = 512;
/// Batches of log lines on their way. Few: a batch may be megabytes, and who follows drops and
/// counts what we are too slow for.
const BATCHES: usize = 4;
/// Without anything else happening the clock is looked at so often: ages and countdowns.
const TICK: Duration = Duration::from_millis(1050);
/// The signal of our own return comes within this time after it.
const RETURN: Duration = Duration::from_millis(300);
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

/// What comes to the screen's thread.
enum Inner {
    /// A message for `update`.
    Msg(Msg),
    /// A shell is ready to be shown, or there is none.
    Shell(Result<engine::Shell, EngineError>),
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
    outside.spawn(watch(options.engine.clone(), tell.clone()));
    let (cols, rows) = crossterm::terminal::size()?;
    let model = Model::new(start(&options, TermSize { cols, rows })?);
    let inside = runtime::Builder::new_current_thread().enable_all().build().map_err(ConsoleError::Start)?;
    let result = inside.block_on(async { Runner::open(options, model, &outside, tell, inbox)?.run().await });
    outside.shutdown_timeout(FAREWELL);
    result
}

/// Pass on what the engine tells, for ever.
async fn watch(engine: Arc<dyn Engine>, tell: mpsc::Sender<Inner>) {
    let mut watch = engine.watch();
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
        size,
        now: Timestamp::now(),
    })
}

struct Runner {
    model: Model,
    screen: Screen,
    terminal: Terminal,
    input: Input,
    signals: Signals,
    work: Work,
    following: Following,
    reload: Reload,
    library: Library,
    depth: Depth,
    save_dir: Option<PathBuf>,
    inbox: mpsc::Receiver<Inner>,
    lines: mpsc::Receiver<(u64, Batch)>,
    drawn: Instant,
    /// The engine's first list has been drawn.
    reached: bool,
    looked: Instant,
    /// When we last came back from being suspended.
    back: Instant,
    leave: bool,
}

impl Runner {
    fn open(
        options: Options,
        mut model: Model,
        outside: &Runtime,
        tell: mpsc::Sender<Inner>,
        inbox: mpsc::Receiver<Inner>,
    ) -> Result<Self, ConsoleError> {
        tracing::info!("quarterdeck {} opens", env!("CARGO_PKG_VERSION"));
        for warning in options.warnings {
            model.refuse(warning);
        }
        let now = Instant::now();
        let tail = options.settings.logs.tail;
        let (tell_lines, lines) = mpsc::channel(BATCHES);
        Ok(Self {
            screen: Screen::new(model.size, &std::env::var("TERM").unwrap_or_default()),
            terminal: Terminal::enter(model.mouse)?,
            input: Input::open(),
            signals: Signals::listen()?,
            following: Following::new(options.engine.clone(), outside.handle().clone(), tell_lines, tail),
            reload: Reload::watch(
                &options.paths,
                options.config.as_deref(),
                options.settings.clone(),
                options.again,
            ),
            save_dir: options.settings.logs.save_dir.clone().or_else(|| save::default_dir(&options.paths)),
            work: Work::new(options.engine, outside.handle().clone(), tell),
            library: options.library,
            depth: options.depth,
            model,
            inbox,
            lines,
            drawn: now,
            reached: false,
            looked: now,
            back: now,
            leave: false,
        })
    }

    async fn run(mut self) -> Result<(), ConsoleError> {
        self.draw()?;
        self.work.choices(self.library.clone());
        loop {
            let keyed = self.wait().await?;
            self.drain();
            if self.leave {
                return Ok(());
            }
            self.following.start_due(&self.model.fleet);
            self.work.focus_due();
            // The first rows are what everybody waits for.
            let first = self.model.reached() && !self.reached;
            if self.model.dirty && (keyed || first || self.drawn.elapsed() >= FRAME) {
                self.reached = self.model.reached();
                self.draw()?;
            }
            // After drawing: what is left to be worked out must not keep a key waiting.
            self.model.work();
        }
    }

    /// Sleep until something happens; says whether a key (or the terminal) asked for it.
    async fn wait(&mut self) -> Result<bool, ConsoleError> {
        let mut wake = self.looked + TICK;
        if self.model.dirty || self.model.has_work() {
            wake = wake.min(self.drawn + FRAME);
        }
        for due in [self.following.due(), self.work.due()].into_iter().flatten() {
            wake = wake.min(due);
        }
        tokio::select! {
            biased;
            event = self.input.next() => {
                self.look_at_clock();
                match event {
                    Some(Ok(msgs)) => msgs.into_iter().for_each(|msg| self.take(msg)),
                    // The terminal is gone: there is nobody left to show anything to.
                    Some(Err(_)) | None => self.leave = true,
                }
                // What was typed ahead is one frame.
                for msg in self.input.ready().await {
                    self.take(msg);
                }
                Ok(true)
            }
            signal = self.signals.next() => {
                self.look_at_clock();
                match signal {
                    Signal::Terminate => self.take(Msg::Terminate),
                    // Of our own suspending we came back already.
                    Signal::Continued if self.back.elapsed() < RETURN => {}
                    Signal::Continued => self.come_back()?,
                }
                Ok(true)
            }
            inner = self.inbox.recv() => {
                self.look_at_clock();
                match inner {
                    Some(inner) => self.take_inner(inner).await?,
                    None => self.leave = true,
                }
                Ok(false)
            }
            Some((number, batch)) = self.lines.recv() => {
                self.look_at_clock();
                self.take(Msg::Lines(number, batch));
                Ok(false)
            }
            msg = self.reload.next(&self.library, self.depth, &self.model.skin) => {
                self.look_at_clock();
                for msg in msg {
                    self.take(msg);
                }
                Ok(false)
            }
            () = tokio::time::sleep_until(wake) => {
                self.look_at_clock();
                Ok(false)
            }
        }
    }

    /// Take in what else has come meanwhile, within reason.
    fn drain(&mut self) {
        let begun = Instant::now();
        for _ in 0..DRAIN {
            if begun.elapsed() > PATIENCE {
                return;
            }
            if let Ok((number, batch)) = self.lines.try_recv() {
                self.take(Msg::Lines(number, batch));
            }
            match self.inbox.try_recv() {
                Ok(Inner::Msg(msg)) => self.take(msg),
                Ok(shell @ Inner::Shell(_)) => {
                    // Needs the loop's own turn; nothing may be lost.
                    self.work.put_back(shell);
                    return;
                }
                Err(_) if self.lines.is_empty() => return,
                Err(_) => {}
            }
        }
    }

    fn look_at_clock(&mut self) {
        self.looked = Instant::now();
        self.take(Msg::Now(Timestamp::now()));
    }

    async fn take_inner(&mut self, inner: Inner) -> Result<(), ConsoleError> {
        match inner {
            Inner::Msg(msg) => self.take(msg),
            Inner::Shell(Ok(shell)) => self.shell(shell).await?,
            Inner::Shell(Err(error)) => self.take(Msg::ShellEnded(Err(error))),
        }
        Ok(())
    }

    fn take(&mut self, msg: Msg) {
        if let Msg::Observed(observation) = &msg {
            self.observe(observation);
        }
        if let Msg::Job(Progress::Finished { job, .. }) = &msg {
            self.work.job_ended(*job);
        }
        if let Msg::Resize(size) = &msg {
            self.screen.resize(*size);
        }
        let effects = update(&mut self.model, msg);
        self.perform(effects);
    }

    fn observe(&self, observation: &Observation) {
        match observation {
            Observation::Link(Link::Lost { why, .. }) => tracing::warn!("no connection: {why}"),
            Observation::Link(Link::Live) => tracing::info!("the data is live"),
            Observation::Engine(engine) => {
                tracing::info!(
                    "{} {} (API {}) at {}",
                    engine.kind,
                    engine.version,
                    engine.api,
                    engine.endpoint
                );
            }
            _ => {}
        }
        self.following.observe(observation);
    }

    fn draw(&mut self) -> Result<(), ConsoleError> {
        let effects = settle(&mut self.model);
        self.perform(effects);
        tui_logger::move_events();
        let model = &self.model;
        self.screen.draw(&mut io::stdout().lock(), |buf| view::draw(model, buf))?;
        self.model.dirty = false;
        self.drawn = Instant::now();
        Ok(())
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Err(error) = self.effect(effect) {
                tracing::error!(%error, "the terminal");
                self.leave = true;
            }
        }
    }

    fn effect(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Quit => self.leave = true,
            Effect::Suspend => self.suspend()?,
            Effect::Redraw => {
                self.screen.forget();
                self.model.dirty = true;
            }
            Effect::Run(id, plan, consent) => self.work.job(id, *plan, consent),
            Effect::CancelJob(id) => self.work.cancel_job(id),
            Effect::Follow { number, subject, previous } => self.following.ask(number, subject, previous),
            Effect::Unfollow => self.following.end(),
            Effect::Inspect(replica) => self.work.inspect(replica),
            Effect::Shell(replica) => self.work.shell(replica, self.model.size),
            Effect::Copy(text) => input::copy(&text)?,
            Effect::Save { stem, text } => self.work.save(self.save_dir.clone(), stem, text),
            Effect::Focus(replicas) => self.work.focus(replicas),
            // Small files, read where they are asked for, so that previews come in order.
            Effect::LoadTheme(name) => {
                let theme = self.library.theme(&name, self.depth);
                self.take(Msg::Theme(theme.map(Box::new).map_err(|e| e.to_string())));
            }
            Effect::LoadKeymap(name) => {
                let keymap = self.library.keymap(&name);
                self.take(Msg::Keymap(keymap.map(Box::new).map_err(|e| e.to_string())));
            }
            Effect::Mouse(on) => self.terminal.set_mouse(on)?,
        }
        Ok(())
    }

    /// Give the terminal back and stop, until somebody brings us to the front again.
    fn suspend(&mut self) -> io::Result<()> {
        // Its thread reads the terminal: it must be gone before the shell does.
        self.input.close();
        self.terminal.leave();
        signals::stop_here();
        self.terminal.resume()?;
        self.after_absence();
        Ok(())
    }

    /// We were stopped from outside and go on: the terminal's modes are anybody's guess.
    fn come_back(&mut self) -> io::Result<()> {
        self.input.close();
        self.terminal.leave();
        self.terminal.resume()?;
        self.after_absence();
        Ok(())
    }

    fn after_absence(&mut self) {
        self.back = Instant::now();
        self.input = Input::open();
        self.screen.forget();
        if let Ok((cols, rows)) = crossterm::terminal::size() {
            self.take(Msg::Resize(TermSize { cols, rows }));
        }
        self.model.dirty = true;
    }

    /// Hand the terminal to a shell in a container, and take it back intact. Facts go on being
    /// taken in meanwhile, so that the engine's side never waits for the shell's end.
    async fn shell(&mut self, shell: engine::Shell) -> Result<(), ConsoleError> {
        self.input.close();
        self.terminal.leave();
        let mut session = Box::pin(shell::attend(shell));
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut session => break ended,
                signal = self.signals.next() => if signal == Signal::Terminate {
                    self.leave = true;
                    break Ok(None);
                },
                Some(inner) = self.inbox.recv() => match inner {
                    Inner::Msg(msg) => self.take(msg),
                    Inner::Shell(_) => {}
                },
                Some((number, batch)) = self.lines.recv() => self.take(Msg::Lines(number, batch)),
            }
        };
        drop(session);
        self.terminal.resume()?;
        self.after_absence();
        self.look_at_clock();
        match ended {
            Ok(code) => self.take(Msg::ShellEnded(Ok(code))),
            Err(error) => {
                let why = EngineError::Disconnected { why: error.to_string() };
                self.take(Msg::ShellEnded(Err(why)));
            }
        }
        Ok(())
    }
}
