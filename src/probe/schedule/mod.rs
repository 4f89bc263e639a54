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
use super::roster::Targets;
use super::work::Work;
use crate::fleet::Observation;

/// Results that come together are told together, unless they are news.
const GATHER: Duration = Duration::from_millis(250);
/// So many are told at once at most.
const BATCH: usize = 256;

/// Does one thing once.
pub type Try<W> = Arc<dyn Fn(Arc<W>) -> BoxFuture<'static, <W as Work>::Done> + Send + Sync>;

/// Do whatever `targets` holds, for ever, telling what comes of it. Ends when nobody listens, or
/// nobody says any more what to do.
pub async fn run<W: Work>(
    attempt: Try<W>,
    mut targets: watch::Receiver<Targets<W>>,
    tell: mpsc::Sender<Observation>,
) {
    let mut book = Book::<W>::default();
    let mut under_way: FuturesUnordered<BoxFuture<'static, (Turn, Instant, W::Done)>> =
        FuturesUnordered::new();
    let mut results: Vec<W::Fact> = Vec::new();
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
                    results.retain(|result| !W::is_of(result, &gone));
                    if tell.send(W::gone(gone)).await.is_err() {
                        return;
                    }
                }
            }
            Some((turn, began, done)) = under_way.next() => {
                if let Some((result, is_news)) = book.ended(turn, began, done, Instant::now()) {
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
            if !results.is_empty() && tell.send(W::told(std::mem::take(&mut results))).await.is_err() {
                return;
            }
        }
    }
}
