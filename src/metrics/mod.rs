//! Metrics: what services say of themselves, scraped in Prometheus' text or printed by a command.
//!
//! Owns: who is asked what (`rules`, `label`, `target`), the asking (`scrape`, `exec`), and what
//! follows from answers: `parse` reads a text, `names` knows the families of common libraries,
//! `fold` and `rates` make figures of it (all four pure). When it is asked is `probe`'s schedule.
//! Must not: decide what a figure means (that is `fleet` and `alert`), or run anything that a label
//! asks for.
//!
//! Answers are hostile: they hang, drip, do not end and hold a million series. Whatever one does, it
//! costs its own scrape, no longer than that scrape's timeout, and no more memory than what is
//! wanted of it.

mod exec;
mod fold;
mod label;
mod names;
mod parse;
mod rates;
mod rules;
mod scrape;
mod target;
#[cfg(test)]
mod tests;

pub use fold::{Collector, Snapshot, Wanted};
pub use parse::{Bad, Labels, Line, MAX_LINE, Reader, Sample, Tally, Value, Visit, parse};
pub use rates::Course;
pub use rules::Rules;
pub use scrape::{Found, Scrape, pairs, scrape};
pub use target::{Ask, Target};
