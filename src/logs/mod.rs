//! Log lines: what one is, its level, its JSON, filters, and the bounded store.
//!
//! Must not: do IO or read a clock.

mod line;

pub use line::{Level, Line, Source, Span, SpanColor, SpanStyle, Stream};

/// The longest line kept, bytes; what is longer is cut and says so.
pub const MAX_LINE: usize = 64 * 1024;
