//! The demo fleet: five platforms simulated behind the same trait, deterministic by seed.
//!
//! Owns: a pure [`World`] (what runs, what happens to it, what it logs and uses — all of it a
//! function of seed and elapsed time) and [`Demo`], which lets that world run in real time behind
//! [`super::Engine`]. Must not: touch the host, or pretend to be a real engine — its kind is
//! `demo`, its endpoint `demo://…`.
//!
//! ```text
//!  platform/*  what there is      ──▶ World ──▶ Demo ──▶ Engine
//!  world/      what happens to it      ▲
//!  load.rs, logs/  what it uses and says, pure functions of time
//! ```

mod clock;
mod fate;
mod live;
mod load;
mod logs;
mod platform;
mod random;
mod shell;
mod world;

#[cfg(test)]
mod tests;

pub use live::{Demo, DemoOptions};
pub use platform::{Platform, UnknownPlatform};
pub use world::{LogLine, PastOperation, Performed, World};
