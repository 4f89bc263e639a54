//! When attempts come: one task, a heap of what is due, a bounded number under way.
//!
//! `book` is what is due and what follows from it, pure; here is the loop that waits, tries and
//! tells.

mod book;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use self::book::{Book, Turn};
use super::attempt::Attempt;
use super::roster::Targets;
use super::target::Target;
use crate::fleet::{Observation, Probed};

/// Results that come together are told together, unless they are news.
const GATHER: Duration = Duration::from_millis(250);
/// So many are told at once at most.
const BATCH: usize = 256;

/// Makes one attempt.
pub type Try = Arc<dyn Fn(Arc<Target>) -> BoxFuture<'static, Attempt> + Send + Sync>;

/// Probe whatever `targets` holds, for ever, telling what comes of it. Ends when nobody listens, or
/// nobody says any more what to probe.
pub async fn run(attempt: Try, mut targets: watch::Receiver<Targets>, tell: mpsc::Sender<Observation>) {
    let mut book = Book::default();
    let mut under_way: FuturesUnordered<BoxFuture<'static, (Turn, Instant, Attempt)>> =
        FuturesUnordered::new();
    let mut results: Vec<Probed> = Vec::new();
    let mut flush: Option<Instant> = None;
    // What is there from the beginning.
    targets.mark_changed();
    loop {
        while let Some((turn, target)) = book.next(Instant::now()) {
            let trying = attempt(target);
            under_way.push(Box::pin(async move {
                let began = Instant::now();
                (turn, began, trying.await)
            }));
        }
        let wake = [book.wake(), flush].into_iter().flatten().min();
        tokio::select! {
            biased;
            () = tell.closed() => return,
            changed = targets.changed() => {
                if changed.is_err() {
                    return;
                }
                let now_there = targets.borrow_and_update().clone();
                for gone in book.change(&now_there, Instant::now()) {
                    results.retain(|result| !gone.is_of(result));
                    if tell.send(gone.told()).await.is_err() {
                        return;
                    }
                }
            }
            Some((turn, began, attempt)) = under_way.next() => {
                if let Some((result, is_news)) = book.ended(turn, began, &attempt, Instant::now()) {
                    results.push(result);
                    let by = if is_news { Instant::now() } else { Instant::now() + GATHER };
                    flush = Some(flush.map_or(by, |at| at.min(by)));
                }
            }
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
        }
        let due = flush.is_some_and(|at| at <= Instant::now()) || results.len() >= BATCH;
        if due {
            flush = None;
            if !results.is_empty()
                && tell.send(Observation::Probed(std::mem::take(&mut results))).await.is_err()
            {
                return;
            }
        }
    }
}
