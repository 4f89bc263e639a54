//! Signals while an operation runs.

use crate::operate::Control;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM, SIGHUP.
    End,
}

/// Signals as they come; where they can't be listened to they end the process by themselves.
pub(super) struct Signals {
    #[cfg(unix)]
    kinds: Option<[tokio::signal::unix::Signal; 3]>,
}

impl Signals {
    /// Listen from now on.
    pub(super) fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let [interrupt, terminate, hangup] =
                [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
            let kinds = match (interrupt, terminate, hangup) {
                (Ok(interrupt), Ok(terminate), Ok(hangup)) => Some([interrupt, terminate, hangup]),
                _ => None,
            };
            Self { kinds }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Signal {
        #[cfg(unix)]
        if let Some([interrupt, terminate, hangup]) = &mut self.kinds {
            return tokio::select! {
                Some(()) = interrupt.recv() => Signal::Interrupt,
                Some(()) = terminate.recv() => Signal::End,
                Some(()) = hangup.recv() => Signal::End,
                else => std::future::pending().await,
            };
        }
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}

/// What a signal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Going back.
    Cancel,
    /// Stopping where it is.
    Abandon,
    /// Not even waiting for the step under way.
    Leave,
}

/// Ctrl-C goes back; a second one, or SIGTERM or SIGHUP, stops behind the step under way; one more
/// does not even wait for that.
pub(super) fn answer(signal: Signal, control: &Control) -> Answer {
    if control.abandon.is_cancelled() {
        return Answer::Leave;
    }
    if signal == Signal::Interrupt && !control.cancel.is_cancelled() {
        control.cancel.cancel();
        return Answer::Cancel;
    }
    control.abandon.cancel();
    Answer::Abandon
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_interrupt_goes_back_and_the_second_stops() {
        let control = Control::default();
        assert_eq!(answer(Signal::Interrupt, &control), Answer::Cancel);
        assert!(control.cancel.is_cancelled() && !control.abandon.is_cancelled());
        assert_eq!(answer(Signal::Interrupt, &control), Answer::Abandon);
        assert!(control.abandon.is_cancelled());
        assert_eq!(answer(Signal::Interrupt, &control), Answer::Leave);
    }

    #[test]
    fn a_lost_session_stops_and_does_not_go_back() {
        let control = Control::default();
        assert_eq!(answer(Signal::End, &control), Answer::Abandon);
        assert!(!control.cancel.is_cancelled());
    }
}
