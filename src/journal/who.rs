//! Who is at the keyboard.

use serde::{Deserialize, Serialize};

/// Who does something, from where. All text in it is sanitised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The user the process runs as, by name or `uid 1000`.
    pub user: String,
    /// The user who became that one by sudo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
    /// Where the SSH session came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_from: Option<String>,
    /// The machine qd runs on.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// When that process began, in the kernel's ticks since boot: with the pid and the boot id it
    /// tells whether that very process still lives. 0 = unknown.
    #[serde(default)]
    pub began: u64,
    /// The kernel's boot id; empty = unknown.
    #[serde(default)]
    pub boot: String,
}

impl Who {
    /// `root (ada by sudo, from 10.0.0.3)`.
    pub fn words(&self) -> String {
        let mut more = Vec::new();
        more.extend(self.sudo_user.as_ref().map(|u| format!("{u} by sudo")));
        more.extend(self.ssh_from.as_ref().map(|from| format!("from {from}")));
        if more.is_empty() { self.user.clone() } else { format!("{} ({})", self.user, more.join(", ")) }
    }
}
