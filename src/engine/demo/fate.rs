//! When a run ends by itself: known from its beginning, so that its log can lead up to it.

use super::platform::{Fate, Program, Spec};
use super::random::{hash, share};
use super::world::{Run, Unit};

/// How a run will end when nobody touches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Milliseconds since the world's start, given the time it was frozen up to now.
    pub(super) at: i64,
    pub(super) code: i64,
    /// The kernel ends it, for memory.
    pub(super) oom: bool,
}

/// The end a run of this unit comes to, as seen at `now`; `None` when it goes on for ever.
pub(super) fn end(spec: &Spec, unit: &Unit, run: &Run, now: i64) -> Option<End> {
    let chance = hash(unit.seed, run.from);
    let (length, code, oom) = match unit.fate {
        Fate::CrashLoop { after_ms, code, .. } => {
            let jitter = (chance % 500).cast_signed() - 250;
            ((after_ms + jitter).max(200), code, false)
        }
        Fate::Crash { after_ms, code, .. } => (after_ms + (chance % 120).cast_signed(), code, false),
        Fate::Leak { seconds } => (seconds * 1_000, 137, true),
        // It ended before the world began; what is a task ends again when started again.
        Fate::Ended { code, runs_ms, .. }
            if !run.original && (spec.program == Program::Task || code != 0) =>
        {
            (runs_ms.min(20_000), code, false)
        }
        Fate::Recurring { runs_ms, .. } => {
            (runs_ms + (chance % 900).cast_signed(), i64::from(share(chance) < 0.12), false)
        }
        _ => return None,
    };
    let frozen = (now - run.from).max(0) - run.active(now);
    Some(End { at: run.from + length + frozen, code, oom })
}
