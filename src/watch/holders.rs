//! Who has the ports of the host that are wanted in vain: the sockets of the engine's machine, read
//! when something could not start for such a port, and again with every list while it can't.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::engine::{Engine, EngineError};
use crate::fleet::{Listener, Observation};

/// Reads sockets when there is a reason to.
pub(super) struct Holders {
    engine: Arc<dyn Engine>,
    reading: Option<BoxFuture<'static, Result<Vec<Listener>, EngineError>>>,
    /// A reason came while they were being read.
    again: bool,
}

impl Holders {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, reading: None, again: false }
    }

    /// The engine says this.
    pub(super) fn observe(&mut self, observation: &Observation) {
        let shut_out = match observation {
            Observation::Applied { replica, .. } => replica.port_taken().is_some(),
            Observation::Synced { replicas, .. } => replicas.iter().any(|it| it.port_taken().is_some()),
            _ => false,
        };
        match &self.reading {
            _ if !shut_out => {}
            Some(_) => self.again = true,
            None => self.reading = Some(self.engine.listeners()),
        }
    }

    /// What was read. Where it can't be, nobody is named.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Observation>> {
        while let Some(reading) = &mut self.reading {
            let Poll::Ready(read) = reading.poll_unpin(cx) else { return Poll::Pending };
            self.reading = std::mem::take(&mut self.again).then(|| self.engine.listeners());
            match read {
                Ok(listeners) => return Poll::Ready(Some(Observation::Listening(listeners))),
                Err(why) => tracing::debug!(%why, "who has the port that was taken can't be seen"),
            }
        }
        Poll::Pending
    }
}
