//! Probes: how qd itself checks services, the way their users do.
//!
//! The schedule, the roster and the HTTP client serve whatever else asks things of replicas again and
//! again (`work`).
//!
//! Owns: what is probed (`rules`, `label`, `target`: pure, from config, labels and replicas), every
//! attempt (`check`), when attempts come and what follows from them (`schedule`, `standing`). Must
//! not: decide what a failed probe means for a row (that is `fleet`), or run anything that a label
//! asks for: labels name ports and paths of their own container, nothing else.
//!
//! Targets are hostile: they hang, drip, answer for ever and speak garbage. Whatever one does, it
//! costs its own attempt, no longer than that attempt's timeout, and 64 KiB.

mod attempt;
mod cert;
mod check;
mod clients;
mod discover;
mod examiner;
mod label;
mod reach;
mod resolve;
mod roster;
mod rules;
mod schedule;
mod standing;
mod target;
#[cfg(test)]
mod target_tests;
mod words;
mod work;

pub use attempt::{Attempt, Outcome, Tools, attempt, attempts};
pub use check::fetch;
pub use discover::{Discovery, Endpoint, discover};
pub use examiner::Examiner;
pub use reach::{Answers, reach};
pub use roster::{Roster, Targets};
pub use rules::{Rules, is_for};
pub use schedule::{Try, run};
pub use standing::Memory;
pub use target::{Check, Goal, Http, Key, Lay, Pace, Source, Target, default_name, fill};
pub use words::last_line;
pub use work::{Asks, Ended, Work};
