//! One log line, sanitised.

use std::sync::Arc;

use crate::fleet::{ReplicaId, ServiceId};
use crate::text::Span;

/// How bad a line says it is. Ordered, so that a minimum level is a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Level {
    /// Nothing was recognised. Shown at every minimum level up to info.
    #[default]
    Unknown,
    /// trace.
    Trace,
    /// debug.
    Debug,
    /// info, notice.
    Info,
    /// warn, warning.
    Warn,
    /// error.
    Error,
    /// fatal, critical, panic, emergency.
    Fatal,
}

/// Where a line came from within its replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output (also: everything of a TTY replica).
    Stdout,
    /// Standard error.
    Stderr,
    /// Not from the replica: a marker of ours (`api-1 died: exit 1`). The text has no glyph; the
    /// view puts its own (`✂`) in front.
    Marker,
}

/// Which replica a line came from; shared by all its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The replica.
    pub replica: ReplicaId,
    /// Its service.
    pub service: ServiceId,
    /// What to show in front of the line when several are merged, e.g. `api-2`.
    pub tag: Arc<str>,
}

/// One line, as it enters the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// From which replica.
    pub source: Arc<Source>,
    /// The engine's time for it, nanoseconds since the Unix epoch; 0 where it gives none.
    pub at: i64,
    /// stdout, stderr or marker.
    pub stream: Stream,
    /// Detected level.
    pub level: Level,
    /// The sanitised text, without the line end; at most [`crate::logs::MAX_LINE`] bytes (then `cut`).
    pub text: Box<str>,
    /// Styles asked for by the line.
    pub spans: Box<[Span]>,
    /// Whether the line was longer and was cut.
    pub cut: bool,
}
