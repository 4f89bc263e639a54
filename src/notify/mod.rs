//! Telling people outside: webhooks and the terminal.
//!
//! Owns: what a webhook is sent, how it is retried and for how long, what a terminal is written to
//! make it ring. Must not: decide what is told to whom (that is [`crate::duty`]), or show an
//! address: it often is the secret itself.

mod error;
mod letter;
mod outbox;
mod terminal;
#[cfg(test)]
mod tests;
mod webhook;

pub use error::NotifyError;
pub use letter::{Letter, body};
pub use outbox::{Outbox, Settled, Standing};
pub use terminal::ring;
pub use webhook::Target;
