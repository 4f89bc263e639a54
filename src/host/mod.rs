//! This machine, read directly: cgroups (v1 and v2), `/proc`, disks.
//!
//! Owns: every read of `/proc` and `/sys`. Must not: call an engine.
//!
//! Everything here is synchronous and cheap (a sweep of 100 containers is about 1 ms), and blocks
//! only as `/proc` does: run it on a thread of its own, not inside an async task.
//!
//! - [`UsageReader`]: usage of containers, from their cgroups.
//! - [`MachineReader`]: usage of the machine.
//! - [`disks()`]: file systems below paths that matter.
//! - [`listening()`]: sockets that wait for connections, and who has them open.
//! - [`facts()`]: what `qd doctor` tells about reading here.

mod container;
mod counter;
mod disks;
mod facts;
mod file;
mod locate;
mod machine;
mod mounts;
mod network;
mod parse;
mod sockets;
mod usage;

pub use disks::{Disk, Disks, Space, disks};
pub use facts::{CgroupVersion, Driver, HostFacts, Problem, facts};
pub use machine::MachineReader;
pub use sockets::listening;
pub use usage::{Target, UsageReader};
