//! A plan as data, and what it is made with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::{GateSettings, Protection};
use crate::fleet::{ReplicaId, ServiceId, State};
use crate::operate::{Expect, Gap, ImageChange, Intent, PlannedStep};

/// How a change is to be made; the config's and the command line's part of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What tells the names this operation uses from those of any other: 3–12 of `a`–`z`, `0`–`9`,
    /// made anew for every plan with [`crate::operate::token()`].
    pub token: String,
    /// Wait until what is started is well, before the next step; `--no-wait` is possible only for
    /// what is never undone (start, restart, up) and scale.
    pub wait: bool,
    /// Seconds a graceful stop may take (stop, restart, and whatever replaces); `None` = each
    /// container's own.
    pub timeout: Option<u32>,
    /// The signal to send (kill); `None` = `SIGKILL`.
    pub signal: Option<String>,
    /// Remove also what runs; replace also what runs that very image already.
    pub force: bool,
    /// Who may change what.
    pub protection: Protection,
    /// When a changed replica counts as well.
    pub gate: GateSettings,
    /// Where the user sits.
    pub seat: Seat,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: "plan".into(),
            wait: true,
            timeout: None,
            signal: None,
            force: false,
            protection: Protection::default(),
            gate: GateSettings::default(),
            seat: Seat::default(),
        }
    }
}

/// Where the user sits: what must not be sawn off. [`Seat::here`] finds out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// The local port of the SSH session qd runs in.
    pub ssh_port: Option<u16>,
    /// The port on this host that the engine is reached by (`tcp://127.0.0.1:2375`).
    pub engine_port: Option<u16>,
    /// The container qd itself runs in, by id or host name.
    pub container: Option<String>,
}

/// How sure the user must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confirm {
    /// Not asked at all: all targets are `open`.
    Open,
    /// A yes is enough.
    Yes,
    /// Something protected would end: the user must type this word.
    Typed(Arc<str>),
}

/// What will be done, and what to know before: shown before every change, and all that
/// `--dry-run` prints. The journal keeps it, so that what was begun can be finished or undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub intent: Intent,
    /// The services it is about, in the order of their first step.
    pub services: Vec<ServiceId>,
    /// What will be done, in order: see [`PlannedStep::number`].
    pub steps: Vec<PlannedStep>,
    /// What must be as it was when this was planned; else nothing is touched.
    pub expects: Vec<Expect>,
    /// Images before → after.
    #[serde(default)]
    pub images: Vec<ImageChange>,
    /// Who is away meanwhile, and why.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// What will be left alone, and why.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
    /// It begins with asking the registry: where that has nothing newer than what runs (no id of
    /// `images` would change), it ends there, done, with nothing touched.
    #[serde(default)]
    pub only_newer: bool,
    /// Sentences worth reading before saying yes, most important first.
    pub warnings: Vec<String>,
    /// How sure the user must be.
    pub confirm: Confirm,
}

/// A replica that was aimed at and is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which.
    pub replica: ReplicaId,
    /// Its service.
    pub service: ServiceId,
    /// Its name.
    pub name: Arc<str>,
    /// What it is doing.
    pub state: State,
    /// Why it is left alone, e.g. `already running`.
    pub why: String,
}
