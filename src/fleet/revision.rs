//! What a service ran, and since when.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Image, ServiceId};

/// A hash of a replica's settings except image, number and name; the same as long as they are.
/// Values that are secret do not go in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct SpecHash(pub u64);

impl fmt::Display for SpecHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What a service ran from one time to another: a row of its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Of which service.
    pub service: ServiceId,
    /// Its number in the service's history, from 1, oldest first.
    pub number: u32,
    /// The image: reference as asked for, id as resolved. The id decides.
    pub image: Image,
    /// The settings; `None` where they were not seen.
    pub spec: Option<SpecHash>,
    /// When it was first seen to run.
    pub first_seen: Timestamp,
    /// When it was last seen to run.
    pub last_seen: Timestamp,
    /// The operation that made it; `None` = somebody else did.
    pub by: Option<i64>,
    /// It is what runs now (as far as was seen).
    pub current: bool,
}
