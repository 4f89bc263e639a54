//! Readers that go away, full disks, colour.

use super::*;

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let user = User::new();
    for script in [
        "qd --demo=payments,seed=7 status | head -n 1",
        "qd --demo=payments,seed=7 logs -f | head -n 1",
        "qd --demo=payments,seed=7 logs --tail 2000 -o json | head -n 1",
        "qd keys | head -n 1",
        "qd man | head -n 1",
        "qd --help | head -n 1",
    ] {
        let ran = user.shell(script);
        assert_eq!(ran.code, 0, "{script}: {}", ran.err);
        assert_eq!(ran.out.lines().count(), 1, "{script}: {}", ran.out);
        assert!(ran.err.is_empty(), "{script}: {}", ran.err);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let user = User::new();
    for command in [
        "--demo=payments status",
        "--demo=payments logs --tail 5",
        "keys",
        "man",
        "completions bash",
        "--help",
    ] {
        let ran = user.shell(&format!("qd {command} >/dev/full"));
        ran.expect(1, &["cannot write to standard output"]);
    }
}

#[test]
fn colour_only_where_it_is_asked_for() {
    let user = User::new();
    let has_colour = |args: &[&str]| user.demo(args).out.contains("\u{1b}[");
    assert!(!has_colour(&["status"]));
    assert!(has_colour(&["status", "--color", "always"]));
    assert!(has_colour(&["logs", "--tail", "20", "--color", "always"]));
    assert!(!has_colour(&["status", "--color", "never"]));
}
