//! The threads that touch the file: one writes, one reads, so that nobody waits for a disk while
//! drawing and a long read never holds a step up.

use std::sync::mpsc::{self, Sender};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::fault::Fault;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// A connection and the thread it lives on. The thread ends with the last handle.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    queue: Sender<Work>,
}

impl Worker {
    /// Give a connection a thread of its own.
    pub(super) fn spawn(name: &str, mut connection: Connection) -> std::io::Result<Self> {
        let (queue, works) = mpsc::channel::<Work>();
        thread::Builder::new().name(name.into()).spawn(move || {
            for work in works {
                work(&mut connection);
            }
        })?;
        Ok(Self { queue })
    }

    /// Do something with the connection and wait for what comes of it. It is done also when
    /// nobody waits any more: a record must not depend on who is interested in it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let _ = answer.send(work(connection));
        });
        self.queue.send(work).map_err(|_| Fault::Closed)?;
        answered.await.map_err(|_| Fault::Closed)?
    }
}
