//! Several replicas' lines, merged by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout_at};

use super::outlet::{Outlet, Unheard};
use super::reader::Item;
use crate::logs::Line;

/// How long a live line waits for older ones of other replicas.
const WINDOW: Duration = Duration::from_millis(80);
/// Lines that wait at most; then they go without waiting.
const WAITING: usize = 20_000;

/// Merges what is already there completely: the next line out is the oldest of all. A log that
/// does not answer within `patience` is not waited for; its receiver is handed back.
pub(super) async fn history(
    logs: Vec<Receiver<Item>>,
    patience: Option<Duration>,
    out: &mut Outlet,
) -> Result<Vec<Receiver<Item>>, Unheard> {
    let mut logs: Vec<Option<Receiver<Item>>> = logs.into_iter().map(Some).collect();
    let mut heads: Vec<std::vec::IntoIter<Line>> = logs.iter().map(|_| Vec::new().into_iter()).collect();
    let mut order: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::with_capacity(logs.len());
    let mut late = Vec::new();
    let mut empty: Vec<usize> = (0..logs.len()).collect();
    loop {
        let deadline = patience.map(|p| Instant::now() + p);
        for n in empty.drain(..) {
            let Some(log) = logs.get_mut(n) else { continue };
            loop {
                let item = match (log.as_mut(), deadline) {
                    (None, _) => break,
                    (Some(rx), None) => rx.recv().await,
                    (Some(rx), Some(deadline)) => {
                        if let Ok(item) = timeout_at(deadline, rx.recv()).await {
                            item
                        } else {
                            late.extend(log.take());
                            break;
                        }
                    }
                };
                match item {
                    None => *log = None,
                    Some(Item::Failed(source, error)) => out.fail(source, error),
                    Some(Item::Lines(lines)) => {
                        if let Some(first) = lines.first() {
                            order.push(Reverse((first.at, n)));
                            if let Some(head) = heads.get_mut(n) {
                                *head = lines.into_iter();
                            }
                            break;
                        }
                    }
                }
            }
        }
        let Some(Reverse((_, n))) = order.pop() else { break };
        // As long as this log's lines are the oldest, they go at once.
        let until = order.peek().map_or(i64::MAX, |Reverse((at, _))| *at);
        let Some(head) = heads.get_mut(n) else { continue };
        while head.as_slice().first().is_some_and(|line| line.at <= until) {
            out.extend(head.next());
        }
        if let Some(line) = head.as_slice().first() {
            order.push(Reverse((line.at, n)));
        } else {
            empty.push(n);
            out.hand().await?;
        }
    }
    out.finish().await?;
    Ok(late)
}

/// Live lines that wait a moment for older ones.
#[derive(Default)]
pub(super) struct Window {
    /// In the order they came.
    waiting: Vec<(Instant, Line)>,
}

impl Window {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, came: Instant, line: Line) {
        self.waiting.push((came, line));
    }

    pub(super) fn extend(&mut self, came: Instant, lines: Vec<Line>) {
        self.waiting.extend(lines.into_iter().map(|line| (came, line)));
    }

    /// When the first line has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting.first().map(|(came, _)| *came + WINDOW)
    }

    /// Lets go what has waited long enough, and what is older than that, in time order.
    pub(super) fn release(&mut self, now: Instant, out: &mut Outlet) {
        let limit = if self.waiting.len() > WAITING {
            i64::MAX
        } else {
            let waited = self.waiting.iter().take_while(|(came, _)| *came + WINDOW <= now);
            match waited.map(|(_, line)| line.at).max() {
                Some(limit) => limit,
                None => return,
            }
        };
        let mut ready: Vec<Line> =
            self.waiting.extract_if(.., |(_, line)| line.at <= limit).map(|(_, line)| line).collect();
        ready.sort_by_key(|line| line.at);
        out.extend(ready);
    }
}
