//! The terminal UI: model, `update` (pure), view (pure), runner, terminal.
//!
//! Owns: everything on screen. Only `run` and `terminal` may do IO; `update` and the view read no
//! clock and touch nothing outside the model.

mod msg;
pub mod pane;
pub mod widget;

pub use msg::{Effect, Msg};
