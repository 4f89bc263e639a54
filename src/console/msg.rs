//! What comes in ([`Msg`]) and what goes out ([`Effect`]): the console's whole contract with the
//! world. Plain data: loggable, comparable.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use super::board::Board;
use super::dialog::Past;
use super::ledger::History;
use super::model::Choice;
use super::update::Answer;
use crate::alert::Key;
use crate::config::{Keymap, Theme};
use crate::engine::{Consent, Details, DiskUse, EngineError, Secrets, Storage, Survey, TermSize};
use crate::fleet::{Listener, Observation, ReplicaId, ServiceId};
use crate::follow::{Batch, Subject};
use crate::journal::{JournalError, OperationRecord};
use crate::operate::{Intent, JobId, Plan, Progress, Resume};
use crate::probe::Answers;

/// Something came in.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// The clock. Sent before other messages of a wake-up; `update` reads no other clock.
    Now(Timestamp),
    /// A key went down (or repeats).
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted (bracketed paste).
    Paste(String),
    /// The terminal has this size now.
    Resize(TermSize),
    /// A fact from an engine.
    Observed(Observation),
    /// Log lines for the follow of that number; those of an older follow are ignored.
    Lines(u64, Batch),
    /// What an [`Effect::Inspect`] brought.
    Inspected(ReplicaId, Box<Result<Details, EngineError>>),
    /// What an [`Effect::Reveal`] brought, or why nothing is shown.
    Revealed(ReplicaId, Result<Secrets, String>),
    /// What an [`Effect::Survey`] of that number brought, and a token for the names of spares.
    Surveyed(u64, String, Box<Result<Survey, EngineError>>),
    /// What an [`Effect::Revisions`] of that number brought, newest first.
    Revisions(u64, Result<Vec<Past>, JournalError>),
    /// What an [`Effect::PostMortem`] of that number brought.
    PostMortem(u64, Answer),
    /// What an [`Effect::Unfinished`] brought, oldest first.
    Unfinished(Result<Vec<OperationRecord>, JournalError>),
    /// What an [`Effect::History`] brought, about that service.
    History(Option<ServiceId>, Result<Box<History>, JournalError>),
    /// What an [`Effect::Listeners`] brought, or why they can't be seen.
    Listeners(Result<Vec<Listener>, String>),
    /// What an [`Effect::Answers`] brought.
    Answers(Answers),
    /// What an [`Effect::Storage`] brought, or why it can't be seen.
    Storage(Result<Storage, String>),
    /// What an [`Effect::DiskUse`] of that number brought, or why it could not.
    DiskUse(u64, Result<DiskUse, String>),
    /// Why nothing can be written to the journal at the moment; `None`: it can be again.
    Recording(Option<JournalError>),
    /// What the alert rules found; comes when it differs from what came before.
    Incidents(Box<Board>),
    /// A job moved on.
    Job(Progress),
    /// An [`Effect::Save`] ended: the path, or what went wrong and what to do.
    Saved(Result<PathBuf, String>),
    /// An [`Effect::Shell`] ended: exit code, or why there was none.
    ShellEnded(Result<Option<i64>, EngineError>),
    /// A theme was asked for or its file changed.
    Theme(Result<Box<Theme>, String>),
    /// A keymap was asked for or its file changed.
    Keymap(Result<Box<Keymap>, String>),
    /// Which themes and keymaps there are.
    Choices {
        /// Themes that can be used.
        themes: Vec<Choice>,
        /// Keymaps that can be used.
        keymaps: Vec<Choice>,
    },
    /// A word for the status line from the runner (a reload, a warning).
    Notice(String),
    /// The same, of what went wrong or is wrong.
    Warning(String),
    /// SIGTERM, SIGHUP: leave now.
    Terminate,
}

/// Something to be done by the runner.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Suspend (SIGTSTP), and draw everything afterwards.
    Suspend,
    /// Forget what is on the terminal and draw everything.
    Redraw,
    /// Look at what planning this depends on, as look number n.
    Survey(u64, Intent),
    /// Read what a service ran, as look number n.
    Revisions(u64, ServiceId),
    /// Find out why something of a service died last (or read that post-mortem), as look number n.
    PostMortem(u64, ServiceId, Option<i64>),
    /// Ask the journal what is unfinished.
    Unfinished,
    /// Ask the journal what happened to a service; `None`: to all of them.
    History(Option<ServiceId>),
    /// Run a job, meant as surely as said.
    Run(JobId, Box<Plan>, Consent),
    /// Bring to an end what was left in the middle.
    Resume(JobId, Box<OperationRecord>, Resume, Consent),
    /// Write down that an incident was seen, with a note.
    Acknowledge(Key, String),
    /// Keep incidents quiet for a while.
    Silence {
        /// A service or a rule; a glob.
        target: String,
        /// Until when.
        until: Timestamp,
        /// Why; may be empty.
        reason: String,
    },
    /// End silences by their numbers.
    Lift(Vec<i64>),
    /// Cancel a job: what can be taken back is, what is not begun is left alone.
    CancelJob(JobId),
    /// Follow a subject's logs as follow number n; ends the follow before.
    Follow {
        /// Its number, for [`Msg::Lines`].
        number: u64,
        /// Whose.
        subject: Subject,
        /// The run before the last restart instead of the current one.
        previous: bool,
    },
    /// End following.
    Unfollow,
    /// Read the sockets of the engine's machine.
    Listeners,
    /// Ask every port whether anybody answers.
    Answers,
    /// Read the file systems of the engine's machine.
    Storage,
    /// Let the engine add up what it keeps, as ask number n.
    DiskUse(u64),
    /// Nobody waits for that any more.
    EndDiskUse,
    /// Get everything about a replica.
    Inspect(ReplicaId),
    /// Get what is masked in a replica's environment, once it is written down that it is shown.
    Reveal(ReplicaId, ServiceId),
    /// Leave the screen to a shell in the replica.
    Shell(ReplicaId),
    /// Copy to the clipboard by OSC 52.
    Copy(String),
    /// Save text to a new file with this stem.
    Save {
        /// File name without directory and extension; sanitised by the runner.
        stem: String,
        /// File name extension: `log`, `md`.
        extension: &'static str,
        /// The text.
        text: String,
    },
    /// These replicas are on screen.
    Focus(Vec<ReplicaId>),
    /// Load a theme by name.
    LoadTheme(String),
    /// Load a keymap by name.
    LoadKeymap(String),
    /// Capture the mouse, or leave it to the terminal.
    Mouse(bool),
}
