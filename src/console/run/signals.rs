//! Signals: those that end us, and coming back from a stop.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{self, SignalKind};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGTERM, SIGHUP, SIGINT: leave, the terminal restored.
    Terminate,
    /// SIGCONT: we were stopped and go on.
    Continued,
}

/// The signals we listen to. SIGTSTP is not among them: its default is what we want.
pub(super) struct Signals {
    terminate: unix::Signal,
    hangup: unix::Signal,
    interrupt: unix::Signal,
    continued: unix::Signal,
}

impl Signals {
    /// Listen.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            hangup: unix::signal(SignalKind::hangup())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            continued: unix::signal(SignalKind::from_raw(Number::CONT.as_raw()))?,
        })
    }

    /// The next one. Cancel-safe.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.hangup.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Terminate,
            _ = self.continued.recv() => Signal::Continued,
        }
    }
}

/// Stop the whole foreground group, as the terminal's own ctrl-z does; returns when somebody goes
/// on with us. Where there is no job control the kernel ignores it.
pub(super) fn stop_here() {
    if let Err(error) = rustix::process::kill_current_process_group(Number::TSTP) {
        tracing::warn!(%error, "can't suspend");
    }
}
