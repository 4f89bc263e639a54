//! Log lines: what one is, its level, its JSON, filters, and the bounded store.
//!
//! Must not: do IO or read a clock.

mod line;

pub use crate::text::{MAX_LINE, Span, SpanColor, SpanStyle};
pub use line::{Level, Line, Source, Stream};
