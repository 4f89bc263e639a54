//! Text from outside, made safe to show; and figures made readable.
//!
//! Owns: the one sanitiser ([`sanitize`]), the one masker ([`mask`]), the one set of
//! formatters for humans ([`human`]), text in Markdown ([`markdown`]), globs and the nearest name ([`glob`], [`near`]). Must not: do
//! IO, or know what the text is about.

pub mod glob;
pub mod human;
pub mod markdown;
pub mod mask;
pub mod near;
pub mod sanitize;
mod style;

pub use sanitize::MAX_LINE;
pub use style::{Span, SpanColor, SpanStyle};
