//! quarterdeck (`qd`): a terminal operations console for containers.
//!
//! # The map of the house
//!
//! | room | may do IO | owns |
//! |---|---|---|
//! | [`text`] | no | hostile text made safe, secrets masked, figures for humans |
//! | [`action`] | no | **the** action table, from which keymaps, help, palette and README derive |
//! | [`fleet`] | no | what is known: services, replicas, health, ports, who needs whom, usage history; folds observations |
//! | [`logs`] | no | log lines: levels, JSON, filters, the bounded store |
//! | [`alert`] | no | alert rules, and the incidents they open and close |
//! | [`config`] | yes | files as written → settings as resolved; themes, keymaps, paths |
//! | [`host`] | yes | this machine: cgroups, `/proc`, disks |
//! | [`engine`] | yes | the [`engine::Engine`] trait and what stands behind it: Docker, demo |
//! | [`probe`] | yes | our own checks of services: http, tcp, databases' handshakes, commands |
//! | [`metrics`] | yes | what services say of themselves: Prometheus texts and commands → figures |
//! | [`follow`] | yes | log streams of a *subject* (replica, service, project, all), through restart and recreate |
//! | [`journal`] | yes | what was done here, by whom, and what became of it: `SQLite` |
//! | [`notify`] | yes | telling people outside: webhooks, the terminal's bell |
//! | [`duty`] | yes | rules asked again and again, incidents written down, people told |
//! | [`postmortem`] | yes | why something died: what is kept of a death, and the cause it names |
//! | [`operate`] | yes | intent → plan → steps → gate → commit or undo |
//! | [`watch`] | yes | engine, probes, metrics and who has which port, joined into one stream of observations |
//! | [`console`] | only its runner | the terminal UI: model, `update` (pure), view (pure), runner, terminal |
//! | [`cli`] | yes | the headless twin: one file per command |
//!
//! Arrows point up the table: a room names only rooms above it, `cli` may name them all,
//! `text` and `action` none. `tests/house.rs` has the exact list; it fails when an arrow points
//! down, when a pure room does IO, and when the console does so outside its runner.
//!
//! # How a keypress becomes a restart
//!
//! ```text
//!  keys ──▶ keymap ──Action──▶ ┌────────┐
//!  watch ─────Observation────▶ │ update │──▶ Model ──▶ view(&Model, &Theme, &mut Frame)
//!  jobs ──────Progress───────▶ └───┬────┘
//!                                  └─ Vec<Effect> ──▶ runner ──▶ operate ──▶ engine
//! ```
//!
//! `update` does no IO and reads no clock (time arrives as a message), so every
//! behaviour of the console is testable as message → state + effects.
//!
//! # Rules that hold everywhere
//!
//! - Text from outside (names, labels, logs, engine errors) passes [`text::sanitize`]
//!   where it enters, so nothing downstream can emit an escape sequence by accident.
//! - Secrets are masked where they enter ([`text::mask`]); what is not masked is not kept.
//! - A selection, a dialog, a job hold an id, never a row number.
//! - Protection is enforced below the screen ([`engine::Guard`]), where effects become calls.

pub mod action;
pub mod alert;
pub mod cli;
pub mod config;
pub mod console;
pub mod duty;
pub mod engine;
pub mod fleet;
pub mod follow;
pub mod host;
pub mod journal;
pub mod logs;
pub mod metrics;
pub mod notify;
pub mod operate;
pub mod postmortem;
pub mod probe;
pub mod text;
pub mod watch;
