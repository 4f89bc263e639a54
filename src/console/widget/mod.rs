//! Small reusable pieces of drawing and scrolling.
//!
//! Owns: cutting and wrapping text by what it takes on the screen, scroll positions, charts.
//! Must not: know about fleets, logs or engines.

pub mod chart;
pub mod scroll;
pub mod text;

pub use scroll::Scroll;
