//! Who is at the keyboard.

use serde::{Deserialize, Serialize};

use super::process;
use crate::config::Env;
use crate::text::sanitize;

/// The longest name kept, columns.
const NAME: usize = 64;

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
    /// The kernel's boot id and the namespace the pid is of; empty = unknown.
    #[serde(default)]
    pub boot: String,
}

impl Who {
    /// Whoever runs this process.
    pub fn current(env: Env<'_>) -> Self {
        let clean = |name: &str| env(name).map(|v| sanitize::label(v.trim(), NAME).to_string());
        let said = |name: &str| clean(name).filter(|v| !v.is_empty());
        let pid = std::process::id();
        let user = user(&std::fs::read_to_string("/etc/passwd").unwrap_or_default(), &said);
        Self {
            // Whoever became themselves did not become anybody.
            sudo_user: said("SUDO_USER").filter(|sudo| *sudo != user),
            user,
            ssh_from: said("SSH_CONNECTION")
                .or_else(|| said("SSH_CLIENT"))
                .and_then(|c| c.split_whitespace().next().map(str::to_owned)),
            host: host(&said),
            pid,
            began: process::began(pid).unwrap_or(0),
            boot: process::boot(),
        }
    }

    /// `root (ada by sudo, from 10.0.0.3)`.
    pub fn words(&self) -> String {
        let mut more = Vec::new();
        more.extend(self.sudo_user.as_ref().map(|u| format!("{u} by sudo")));
        more.extend(self.ssh_from.as_ref().map(|from| format!("from {from}")));
        if more.is_empty() { self.user.clone() } else { format!("{} ({})", self.user, more.join(", ")) }
    }
}

/// The user's name by what the system says, not by what the environment claims: that is only asked
/// where there is no user list.
#[cfg(unix)]
fn user(list: &str, _: &dyn Fn(&str) -> Option<String>) -> String {
    let uid = rustix::process::getuid().as_raw();
    named(list, uid).unwrap_or_else(|| format!("uid {uid}"))
}

#[cfg(not(unix))]
fn user(_: &str, said: &dyn Fn(&str) -> Option<String>) -> String {
    said("USERNAME").unwrap_or_else(|| "unknown".into())
}

#[cfg(unix)]
fn host(_: &dyn Fn(&str) -> Option<String>) -> String {
    sanitize::label(&rustix::system::uname().nodename().to_string_lossy(), NAME).to_string()
}

#[cfg(not(unix))]
fn host(said: &dyn Fn(&str) -> Option<String>) -> String {
    said("COMPUTERNAME").unwrap_or_default()
}

/// The name of a user in a list like `/etc/passwd`.
#[cfg(unix)]
fn named(list: &str, uid: u32) -> Option<String> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let number = fields.nth(1)?;
        (number.parse() == Ok(uid)).then(|| sanitize::label(name, NAME).to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_how() {
        let env = |name: &str| match name {
            "SUDO_USER" => Some("ada\x1b[2J".into()),
            "SSH_CONNECTION" => Some("10.0.0.3 51234 10.0.0.9 22".into()),
            "USER" | "LOGNAME" => Some("somebody else".into()),
            _ => None,
        };
        let who = Who::current(&env);
        assert_eq!(who.sudo_user.as_deref(), Some("ada"));
        assert_eq!(who.ssh_from.as_deref(), Some("10.0.0.3"));
        assert_ne!(who.user, "somebody else", "the environment can't say who we are");
        assert!(!who.user.is_empty() && who.pid == std::process::id());
        assert_eq!(who.words(), format!("{} (ada by sudo, from 10.0.0.3)", who.user));

        let plain = Who::current(&|_| None);
        assert_eq!(plain.words(), plain.user);
        #[cfg(target_os = "linux")]
        assert!(plain.began > 0 && !plain.boot.is_empty() && !plain.host.is_empty(), "{plain:?}");
    }

    #[cfg(unix)]
    #[test]
    fn users_have_names() {
        let list =
            "broken\n:x:7:\nroot:x:0:0:root:/root:/bin/sh\nada\x1b[31m:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(named(list, 0).as_deref(), Some("root"));
        assert_eq!(named(list, 1000).as_deref(), Some("ada"));
        assert_eq!(named(list, 7), None);
        assert_eq!(named(list, 1001), None);
    }
}
