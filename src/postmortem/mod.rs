//! Post-mortems: why something died, and what was known around it.
//!
//! Owns: what is kept of a death ([`Record`]), the named cause that follows from it ([`Cause`]), how it
//! is read ([`Page`], [`markdown()`]), collecting it while or after it happens ([`collect()`],
//! [`Coroner`]). Must not: change anything but the journal, or call what somebody wanted a crash.
//!
//! `record`, `signal`, `cause`, `facts`, `page` and `markdown` are pure: what is known goes in, words
//! come out, and a record read back years later gets the opinion of the qd that reads it.

mod cause;
mod collect;
mod coroner;
mod facts;
mod history;
mod markdown;
mod page;
mod record;
mod sight;
mod signal;
#[cfg(test)]
mod tests;

pub use cause::{Cadence, Cause, Kind};
pub use collect::{Found, collect, find, read};
pub use coroner::Coroner;
pub use facts::facts;
pub use markdown::markdown;
pub use page::{Page, Row, Tone};
pub use record::{
    Check, CheckResult, LogLine, Machine, Moment, Note, Outage, ProbeWord, Record, Sample, Signal, Subject,
};
pub use sight::Sight;
