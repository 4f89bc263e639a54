//! This machine, read directly: cgroups (v1 and v2), `/proc`, disks.
//!
//! Owns: every read of `/proc` and `/sys`. Must not: call an engine.
