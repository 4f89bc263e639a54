//! Usage asked of the engine, where it can't be read directly: one-shot stats, few at once, what
//! is on screen first, rates computed by us.
//!
//! Each call costs the engine about 1.6 ms of CPU, so what is off screen is asked less often.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::api::Stats;
use super::map;
use super::wire::{SOON, segment};
use crate::fleet::{Observation, ReplicaId, Usage};

/// Calls that run at once.
const AT_ONCE: usize = 4;
/// Time between rounds.
const EVERY: Duration = Duration::from_secs(2);
/// Time before the second one: rates need two.
const FIRST: Duration = Duration::from_millis(500);
/// How many of what is on screen are asked each round.
const SEEN: usize = 60;
/// How many of the rest are asked each round, in turn.
const UNSEEN: usize = 8;

/// Asks the engine for usage, round after round.
pub(super) struct Asker {
    shared: Arc<Shared>,
    tell: mpsc::Sender<Observation>,
    before: HashMap<ReplicaId, Counters>,
    /// Whose turn it is among what is off screen.
    turn: usize,
}

/// Counters at one moment, to be compared with those of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counters {
    at: Timestamp,
    /// CPU time, nanoseconds.
    cpu: Option<u64>,
    /// Received and sent, bytes.
    net: Option<(u64, u64)>,
    /// Read and written, bytes.
    block: Option<(u64, u64)>,
}

impl Asker {
    pub(super) fn new(shared: Arc<Shared>, tell: mpsc::Sender<Observation>) -> Self {
        Self { shared, tell, before: HashMap::new(), turn: 0 }
    }

    /// Until nobody listens.
    pub(super) async fn run(mut self) {
        for round in 0_u64.. {
            match round {
                0 => {}
                1 => sleep(FIRST).await,
                _ => sleep(EVERY).await,
            }
            let up: Vec<ReplicaId> = self.shared.roster.borrow().iter().map(|(id, _)| id.clone()).collect();
            self.before.retain(|id, _| up.contains(id));
            let focus = self.shared.focus.borrow().clone();
            let round = choose(&up, &focus, &mut self.turn);
            if round.is_empty() {
                continue;
            }
            let shared = &self.shared;
            let answers: Vec<(ReplicaId, Stats)> = stream::iter(round)
                .map(|id| async move { ask(shared, &id).await.map(|stats| (id, stats)) })
                .buffer_unordered(AT_ONCE)
                .filter_map(std::future::ready)
                .collect()
                .await;
            let at = Timestamp::now();
            let usages: Vec<(ReplicaId, Usage)> = answers
                .into_iter()
                .map(|(id, stats)| {
                    let now = counters(&stats, at);
                    let usage = usage(&stats, &now, self.before.get(&id));
                    self.before.insert(id.clone(), now);
                    (id, usage)
                })
                .collect();
            if !usages.is_empty() && self.tell.send(Observation::Sampled { at, usages }).await.is_err() {
                return;
            }
        }
    }
}

/// What is on screen in its order, then the next few of the rest.
fn choose(up: &[ReplicaId], focus: &[ReplicaId], turn: &mut usize) -> Vec<ReplicaId> {
    let mut round: Vec<ReplicaId> = focus.iter().filter(|id| up.contains(id)).take(SEEN).cloned().collect();
    let mut rest: Vec<&ReplicaId> = up.iter().filter(|id| !round.contains(id)).collect();
    rest.sort_unstable();
    // Where nothing says what is on screen, all of it may be.
    let few = if focus.is_empty() { SEEN } else { UNSEEN }.min(rest.len());
    let first = if rest.is_empty() { 0 } else { *turn % rest.len() };
    round.extend(rest.iter().cycle().skip(first).take(few).map(|id| (*id).clone()));
    *turn = first + few;
    round
}

async fn ask(shared: &Shared, id: &ReplicaId) -> Option<Stats> {
    let path = format!("/containers/{}/stats?stream=false&one-shot=true", segment(&id.id));
    match timeout(SOON, shared.wire.get::<Stats>(&path, id.short())).await {
        Ok(Ok(stats)) => Some(stats),
        Ok(Err(error)) => {
            tracing::debug!(%error, container = id.short(), "no stats");
            None
        }
        Err(_) => None,
    }
}

fn counters(stats: &Stats, now: Timestamp) -> Counters {
    let blocks = stats.blkio_stats.io_service_bytes_recursive.as_ref().map(|entries| {
        let of = |op: &str| {
            let same = entries.iter().filter(|e| e.op.as_deref().is_some_and(|o| o.eq_ignore_ascii_case(op)));
            same.filter_map(|e| e.value).fold(0, u64::saturating_add)
        };
        (of("read"), of("write"))
    });
    let net = stats.networks.as_ref().filter(|n| !n.is_empty()).map(|networks| {
        networks.values().fold((0_u64, 0_u64), |(rx, tx), n| {
            (rx.saturating_add(n.rx_bytes.unwrap_or(0)), tx.saturating_add(n.tx_bytes.unwrap_or(0)))
        })
    });
    Counters {
        // The engine's own clock, where it tells: the answer may have taken its time to come.
        at: map::time(stats.read.as_deref()).unwrap_or(now),
        cpu: stats.cpu_stats.cpu_usage.as_ref().and_then(|u| u.total_usage).filter(|t| *t > 0),
        net,
        block: blocks,
    }
}

fn usage(stats: &Stats, now: &Counters, before: Option<&Counters>) -> Usage {
    let seconds = before.map(|b| now.at.duration_since(b.at).as_secs_f64()).filter(|s| *s > 0.0);
    // A counter that went back is of another run.
    let rate = |now: Option<u64>, before: Option<u64>| -> Option<f64> {
        Some(now?.checked_sub(before?)? as f64 / seconds?)
    };
    let pair = |now: Option<(u64, u64)>, before: Option<(u64, u64)>| {
        (
            rate(now.map(|p| p.0), before.map(|p| p.0)).map(|r| r as f32),
            rate(now.map(|p| p.1), before.map(|p| p.1)).map(|r| r as f32),
        )
    };
    let (net_rx, net_tx) = pair(now.net, before.and_then(|b| b.net));
    let (block_read, block_write) = pair(now.block, before.and_then(|b| b.block));
    Usage {
        cpu: rate(now.cpu, before.and_then(|b| b.cpu)).map(|r| (r / 1e9) as f32),
        memory: memory(stats),
        net_rx,
        net_tx,
        block_read,
        block_write,
        pids: stats.pids_stats.current.filter(|p| *p > 0).and_then(|p| u32::try_from(p).ok()),
    }
}

/// Usage without the inactive page cache, as `docker stats` counts it (v1, then v2). Podman does
/// not tell the cache; its figure is shown as it is.
fn memory(stats: &Stats) -> Option<u64> {
    let usage = stats.memory_stats.usage.filter(|u| *u > 0)?;
    let figure = |key: &str| stats.memory_stats.stats.as_ref()?.get(key)?.as_u64();
    let inactive = figure("total_inactive_file").or_else(|| figure("inactive_file")).unwrap_or(0);
    Some(usage.checked_sub(inactive).unwrap_or(usage))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fleet::EngineId;

    fn ids(names: &[&str]) -> Vec<ReplicaId> {
        names.iter().map(|n| ReplicaId { engine: EngineId::new("docker"), id: (*n).into() }).collect()
    }

    fn stats(read: &str, cpu: u64, rx: u64) -> Stats {
        serde_json::from_value(json!({
            "read": read,
            "cpu_stats": {"cpu_usage": {"total_usage": cpu}},
            "memory_stats": {"usage": 1000, "stats": {"inactive_file": 300, "active_file": 1}},
            "pids_stats": {"current": 3},
            "blkio_stats": {"io_service_bytes_recursive": [
                {"op": "Read", "value": 10}, {"op": "write", "value": 5}, {"op": "read", "value": 1}]},
            "networks": {"eth0": {"rx_bytes": rx, "tx_bytes": 1}, "eth1": {"rx_bytes": 0}},
        }))
        .unwrap()
    }

    #[test]
    fn rates_are_over_the_engines_own_time() {
        let first = stats("2026-11-20T12:00:00Z", 1_000_000_000, 100);
        let before = counters(&first, Timestamp::UNIX_EPOCH);
        let one = usage(&first, &before, None);
        assert_eq!((one.cpu, one.net_rx, one.memory, one.pids), (None, None, Some(700), Some(3)));
        let second = stats("2026-11-20T12:00:02Z", 2_000_000_000, 300);
        let now = counters(&second, Timestamp::UNIX_EPOCH);
        let two = usage(&second, &now, Some(&before));
        assert_eq!((two.cpu, two.net_rx, two.block_read), (Some(0.5), Some(100.0), Some(0.0)));
        assert_eq!(now.block, Some((11, 5)));
        let restarted = usage(&first, &Counters { at: now.at, ..before }, Some(&now));
        assert_eq!(restarted.cpu, None, "no time passed, and the counter went back");
    }

    #[test]
    fn what_is_missing_is_missing() {
        let empty = Stats::default();
        let none = usage(&empty, &counters(&empty, Timestamp::UNIX_EPOCH), None);
        assert_eq!(none, Usage::default());
    }

    #[test]
    fn the_screen_comes_first_and_the_rest_takes_turns() {
        let up = ids(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]);
        let focus = ids(&["c", "gone", "a"]);
        let mut turn = 0;
        let round = choose(&up, &focus, &mut turn);
        assert_eq!(round.first().map(|r| &*r.id), Some("c"));
        assert_eq!(round.len(), 2 + UNSEEN);
        let again = choose(&up, &focus, &mut turn);
        let mut all: Vec<_> = round.iter().chain(&again).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), up.len(), "two rounds reach everything");
        assert_eq!(choose(&[], &focus, &mut turn), []);
        assert_eq!(choose(&up, &[], &mut turn).len(), up.len());
    }
}
