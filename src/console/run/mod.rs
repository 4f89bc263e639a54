//! The runner: where messages come from and effects go to. The console's only room with IO.
//!
//! The screen has a thread of its own (the caller's): nothing an engine does can keep a key from
//! being painted. Engine calls, log streams and jobs run on one worker thread beside it; between
//! them are bounded channels, so a flood waits outside instead of growing in memory.
//!
//! A key is painted at once. What comes from outside is painted at once when the screen was quiet,
//! and at most [`FRAME`] apart in a flood. Nothing changed = nothing is written.

mod absence;
mod effects;
mod incidents;
mod input;
mod logs;
mod look;
mod machine;
mod open;
mod perform;
mod post;
mod reload;
mod save;
mod shell;
mod signals;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::model::Model;
use super::screen::Screen;
use super::terminal::Terminal;
use super::{Msg, settle, update, view};
use crate::config::{Depth, Library};
use crate::engine::{self, EngineError};
use crate::fleet::{Link, Observation};
use crate::follow::Batch;
use crate::journal::{JournalError, Recording};
use crate::operate::Progress;
use crate::postmortem::Coroner;
use crate::probe::Rules;
use crate::watch::Steering;
use effects::{Hands, Work};
use input::Input;
use logs::Following;
pub use open::{Again, ConsoleError, Options, run};
use post::Post;
use reload::{News, Reload};
use signals::{Signal, Signals};

/// The least time between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(33);
/// Messages taken in before drawing at the latest.
const DRAIN: usize = 256;
/// How long taking in may last while a key waits.
const PATIENCE: Duration = Duration::from_millis(4);
/// Batches of log lines on their way. Few: a batch may be megabytes, and who follows drops and
/// counts what we are too slow for.
const BATCHES: usize = 4;
/// Without anything else happening the clock is looked at so often: ages and countdowns.
const TICK: Duration = Duration::from_millis(1050);
/// The signal of our own return comes within this time after it.
const RETURN: Duration = Duration::from_millis(300);
/// How long writing down what happened last may take.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long steps under way may take to end when we leave in the middle of an operation.
const PARTING: Duration = Duration::from_secs(20);

/// What comes to the screen's thread.
enum Inner {
    /// A message for `update`.
    Msg(Msg),
    /// A shell is ready to be shown, or there is none.
    Shell(Result<engine::Shell, EngineError>),
}

struct Runner {
    model: Model,
    screen: Screen,
    terminal: Terminal,
    input: Input,
    signals: Signals,
    work: Work,
    /// Writes down what is seen to run and to happen.
    recording: Option<Recording>,
    /// Writes down why something died.
    coroner: Option<Coroner>,
    /// Why it can't, when it can't.
    trouble: Option<watch::Receiver<Option<JournalError>>>,
    following: Following,
    /// Asks the alert rules.
    post: Post,
    reload: Reload,
    /// Changes what services are asked for.
    steering: Steering,
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
        steering: Steering,
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
        let recording = options.journal.clone().map(|journal| {
            let _outside = outside.enter();
            Recording::start(journal)
        });
        let post = Post::new(
            outside.handle().clone(),
            options.settings.alerts.clone(),
            options.demo,
            options.journal.clone(),
            options.who.clone(),
        );
        let coroner = options.journal.clone().map(|journal| {
            let _outside = outside.enter();
            Coroner::start(options.engine.clone(), journal)
        });
        let hands = Hands {
            engine: options.engine.clone(),
            journal: options.journal,
            who: options.who,
            rules: Rules::new(&options.settings.probes),
        };
        Ok(Self {
            screen: Screen::new(model.size, &std::env::var("TERM").unwrap_or_default()),
            terminal: Terminal::enter(model.mouse)?,
            input: Input::open(),
            signals: Signals::listen()?,
            following: Following::new(options.engine.clone(), outside.handle().clone(), tell_lines, tail),
            post,
            reload: Reload::watch(
                &options.paths,
                options.config.as_deref(),
                options.settings.clone(),
                options.again,
            ),
            steering,
            save_dir: options.settings.logs.save_dir.clone().or_else(|| save::default_dir(&options.paths)),
            work: Work::new(hands, outside.handle().clone(), tell),
            trouble: recording.as_ref().map(Recording::problem),
            recording,
            coroner,
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
                self.part().await;
                let coroner = self.coroner.take();
                let buried = async {
                    if let Some(coroner) = coroner {
                        let _ = tokio::time::timeout(LAST_WORDS, coroner.close()).await;
                    }
                };
                let recorded = async {
                    if let Some(recording) = self.recording.take() {
                        // What happened last; a disk that hangs keeps nobody here.
                        let _ = tokio::time::timeout(LAST_WORDS, recording.close()).await;
                    }
                };
                tokio::join!(buried, recorded, self.post.end());
                return Ok(());
            }
            self.listen();
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
            self.look_at_rules()?;
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
            news = self.reload.next(&self.library, self.depth, &self.model.skin) => {
                self.look_at_clock();
                for news in news {
                    match news {
                        News::Msg(msg) => self.take(msg),
                        News::Alerts(settings) => self.post.reread(*settings),
                        News::Asks(settings) => {
                            self.steering.ask(&settings);
                            self.work.hands.rules = Rules::new(&settings.probes);
                        }
                    }
                }
                Ok(false)
            }
            event = self.post.next() => {
                self.look_at_clock();
                self.on_duty(event);
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

    /// Hear whether the journal can still be written.
    fn listen(&mut self) {
        let Some(trouble) = &mut self.trouble else { return };
        if trouble.has_changed().unwrap_or(false) {
            let problem = trouble.borrow_and_update().clone();
            self.take(Msg::Recording(problem));
        }
    }

    /// Leave in the middle of operations: each finishes the step it is at and writes it down, so
    /// that it can be finished or undone later. Who asks a second time does not wait for it.
    async fn part(&mut self) {
        if !self.work.busy() {
            return;
        }
        self.work.abandon();
        self.model
            .refuse("leaving: the step under way is finished and written down first; again to leave at once");
        let _ = self.draw();
        let bound = Instant::now() + PARTING;
        while self.work.busy() {
            tokio::select! {
                biased;
                inner = self.inbox.recv() => match inner {
                    Some(Inner::Msg(msg)) => self.take(msg),
                    Some(Inner::Shell(_)) => {}
                    None => return,
                },
                signal = self.signals.next() => if signal == Signal::Terminate {
                    return;
                },
                event = self.input.next() => match event {
                    Some(Ok(msgs)) if msgs.iter().any(|msg| matches!(msg, Msg::Key(_))) => return,
                    Some(Ok(_)) => {}
                    // Nobody is there any more; what is under way is still written down.
                    Some(Err(_)) | None => self.input.close(),
                },
                Some(_) = self.lines.recv() => {}
                () = tokio::time::sleep_until(bound) => return,
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
        let mut death = None;
        if let Msg::Observed(observation) = &msg {
            self.observe(observation);
            death = Coroner::cares(observation).then(|| observation.clone());
        }
        if let Msg::Job(Progress::Finished { job, .. }) = &msg {
            self.work.job_ended(*job);
        }
        if let Msg::Resize(size) = &msg {
            self.screen.resize(*size);
        }
        let effects = update(&mut self.model, msg);
        if let (Some(coroner), Some(death)) = (&mut self.coroner, death) {
            // With the fleet as it is after it.
            coroner.observe(&death, &self.model.fleet, self.model.now);
        }
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
        if let Some(recording) = &self.recording {
            recording.tell(observation);
        }
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
}
