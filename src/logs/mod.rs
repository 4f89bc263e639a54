//! Log lines: what one is, its level, its JSON, filters, and the bounded store.
//!
//! Must not: do IO or read a clock.

mod filter;
mod flat;
mod json;
pub mod level;
mod line;
mod logfmt;
mod store;

pub use crate::text::{MAX_LINE, Span, SpanColor, SpanStyle};
pub use filter::{Filter, Pattern, PatternError};
pub use flat::{Flat, flatten};
pub use line::{Level, Line, Source, Stream};
pub use store::{Counters, LineRef, LogStore};
