//! What an earlier, fuller word about a replica adds to a newer, thinner one.
//!
//! Engines tell of a replica at two depths: a list entry (no restart count, limits, terminal,
//! exact times) and an inspection. The rule, for the same container id:
//!
//! - what the newer word says always wins;
//! - what can't change without an event (limits, terminal, ties, compose notes) is kept where the newer
//!   word is silent;
//! - whether the engine keeps it up is kept the same way;
//! - the restart count is kept while silent, because it only grows and the next inspection says;
//! - what belongs to one run (start, pid) is kept only while that run goes on, what belongs to its
//!   end (finish, exit) only while it stays ended.
//!
//! A word is "silent" on limits and on keeping it up when it carries no restart count, which only an inspection has: an
//! inspection that finds no limits says so.

use super::{Limits, Replica};

/// `new`, with what `old` still tells where `new` is silent.
pub(super) fn keep_known(mut new: Replica, old: &Replica) -> Replica {
    let inspected = new.restarts.is_some();
    new.restarts = new.restarts.or(old.restarts);
    if !inspected && new.limits == Limits::default() {
        new.limits = old.limits;
    }
    new.kept_up |= !inspected && old.kept_up;
    new.spec = new.spec.or(old.spec);
    if new.ties.is_none() {
        new.ties.clone_from(&old.ties);
    }
    new.tty = new.tty.or(old.tty);
    new.number = new.number.or(old.number);
    if new.compose.is_none() {
        new.compose.clone_from(&old.compose);
    }
    if new.image.id.is_empty() && new.image.reference == old.image.reference {
        new.image.id = old.image.id.clone();
    }
    let same_run = new.is_up() && old.is_up() && (new.started.is_none() || new.started == old.started);
    if same_run {
        new.started = new.started.or(old.started);
        new.pid = new.pid.or(old.pid);
    }
    if !new.is_up() && !old.is_up() {
        if !inspected && new.state == old.state {
            new.refused = new.refused.or_else(|| old.refused.clone());
        }
        new.started = new.started.or(old.started);
        new.finished = new.finished.or(old.finished);
        new.exit = new.exit.or(old.exit);
    }
    new
}
