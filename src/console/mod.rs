//! The terminal UI: model, `update` (pure), view (pure), runner, terminal.
//!
//! Owns: everything on screen. Only `run` and `terminal` may do IO; `update` and the view read no
//! clock and touch nothing outside the model.
//!
//! ```text
//!  Msg ──▶ update ──▶ Model ──▶ view::draw ──▶ Buffer ──▶ screen (what changed, as bytes)
//!             └──▶ Vec<Effect> ──▶ run
//! ```

pub mod board;
pub mod dialog;
pub mod grid;
pub mod job;
pub mod layout;
pub mod ledger;
pub mod machine;
pub mod model;
mod msg;
pub mod pane;
mod run;
mod screen;
mod terminal;
mod update;
mod view;
pub mod widget;

pub use board::Board;
pub use grid::{Column, Sort};
pub use ledger::{History, Recording};
pub use machine::{DiskAsk, Facts, sheet};
pub use model::{Choice, Focus, Model, Notice, Skin, Start, Tone};
pub use msg::{Effect, Msg};
pub use run::{Again, ConsoleError, Options, run};
pub use update::{settle, update};
pub use view::draw;
