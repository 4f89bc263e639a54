//! Whether the process that has an operation still lives.

use std::time::Duration;

use jiff::Timestamp;

use super::Who;

/// How long the owner of an operation may be silent where nothing else tells whether it lives.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

/// What is known of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is that very process.
    Lives,
    /// It is gone, or its number is another's now.
    Gone,
    /// It can't be told from here.
    Unknown,
}

/// Whether somebody who gave the last sign of life at `beat` still lives.
///
/// A process on this kernel is looked up; its silence then says nothing (it may be stopped, and go
/// on). For our own process and for those elsewhere, silence decides.
pub(super) fn lives(who: &Who, beat: Timestamp, now: Timestamp) -> bool {
    // The clock may have been set back: far in the future is as silent as far in the past.
    let heard = now.duration_since(beat).unsigned_abs() <= SILENCE;
    if who.pid == std::process::id() && same_kernel(who) {
        return heard;
    }
    match fate(who) {
        Fate::Lives => true,
        Fate::Gone => false,
        Fate::Unknown => heard,
    }
}

fn same_kernel(who: &Who) -> bool {
    !who.boot.is_empty() && who.boot == boot()
}

#[cfg(target_os = "linux")]
fn fate(who: &Who) -> Fate {
    if !same_kernel(who) || who.pid == 0 || who.began == 0 {
        return Fate::Unknown;
    }
    match began(who.pid) {
        Some(began) if began == who.began => Fate::Lives,
        Some(_) => Fate::Gone,
        // Other users' processes can be hidden, but they answer.
        None => match i32::try_from(who.pid).ok().and_then(rustix::process::Pid::from_raw) {
            Some(pid) if rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH) => {
                Fate::Unknown
            }
            _ => Fate::Gone,
        },
    }
}

#[cfg(not(target_os = "linux"))]
fn fate(_: &Who) -> Fate {
    Fate::Unknown
}

/// The kernel's boot id with our process numbers' namespace: where both are the same, a pid means
/// the same process. Empty where there is no telling.
pub(super) fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    match (id.trim(), space.to_str()) {
        ("", _) | (_, None | Some("")) => String::new(),
        (id, Some(space)) => format!("{id} {space}"),
    }
}

/// When a process began, ticks since boot; `None` where it is gone or hidden.
pub(super) fn began(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    started(&stat)
}

/// Field 22 of `/proc/PID/stat`. The name before it may hold blanks and brackets of its own.
fn started(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    // A process that ended and was not waited for has an entry still, and is nobody's.
    if matches!(fields.next()?, "Z" | "X" | "x") {
        return Some(0);
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn me() -> Who {
        Who {
            pid: std::process::id(),
            began: began(std::process::id()).unwrap_or(0),
            boot: boot(),
            ..Who::default()
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_name_may_hold_brackets() {
        let fields = "S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 5 6";
        assert_eq!(started(&format!("7 (a) R (b)) {fields}")), Some(4242));
        assert_eq!(started("7 (a) S 1"), None);
        assert_eq!(started(""), None);
    }

    #[test]
    fn strangers_live_by_their_signs() {
        let stranger = Who { boot: "elsewhere".into(), ..me() };
        assert!(lives(&stranger, at(100), at(130)));
        assert!(!lives(&stranger, at(100), at(131)));
        assert!(!lives(&stranger, at(1000), at(100)), "a clock set back must not keep it alive");
        assert!(lives(&Who::default(), at(100), at(101)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_here_is_looked_up() {
        // A child that waits for us: it lives for as long as we want.
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let who = Who { pid: child.id(), began: began(child.id()).unwrap(), ..me() };
        assert!(lives(&who, at(0), at(1_000_000)), "however long it was silent");
        let another = Who { began: who.began + 1, ..who.clone() };
        assert!(!lives(&another, at(0), at(1)), "its number is another's now");

        drop(child.stdin.take());
        // It ends, and is a zombie until it is waited for.
        while began(child.id()) != Some(0) {
            std::thread::yield_now();
        }
        assert!(!lives(&who, at(0), at(1)));
        child.wait().unwrap();
        assert!(!lives(&who, at(0), at(1)));
    }

    #[test]
    fn our_own_process_can_give_an_operation_up() {
        assert!(lives(&me(), at(0), at(1)));
        assert!(!lives(&Who { boot: boot(), ..me() }, at(0), at(60)));
    }
}
