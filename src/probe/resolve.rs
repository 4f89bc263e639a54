//! Names to addresses, so that a name server that hangs takes no more threads than it should.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tokio::sync::Semaphore;

/// Names looked up at once. Each takes a thread until the system gives up, however soon we do.
const LOOKUPS: usize = 2;

/// A name that means nothing.
#[derive(Debug, Error)]
#[error("there is no host of the name {0}")]
pub(super) struct Unresolved(Arc<str>);

/// Looks names up.
#[derive(Clone)]
pub(super) struct Resolver(Arc<Semaphore>);

impl Default for Resolver {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS)))
    }
}

impl Resolver {
    /// All addresses of a name.
    pub(super) async fn lookup(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Unresolved> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let none = || Unresolved(crate::text::sanitize::label(host, 80));
        let turns = self.0.clone();
        let name = host.to_owned();
        // A task of its own: whoever asked may be gone, and the thread is still taken.
        let task = tokio::spawn(async move {
            let _turn = turns.acquire_owned().await;
            tokio::net::lookup_host((name, port)).await.map(Iterator::collect::<Vec<_>>)
        });
        match task.await {
            Ok(Ok(found)) if !found.is_empty() => Ok(found),
            _ => Err(none()),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.lookup(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
