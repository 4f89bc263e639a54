//! Logs of a real engine: drivers, TTYs, monsters.

use futures_util::StreamExt;
use quarterdeck::engine::{EngineError, LogQuery};
use quarterdeck::fleet::{Replica, State};
use quarterdeck::logs::Stream;

use crate::contract::open;
use crate::support::docker::engine;
use crate::support::live::Live;

/// Everything one finished replica wrote, per stream, time stamps cut off, lines rejoined.
fn read(live: &Live, of: &Replica) -> Result<(Vec<u8>, Vec<u8>), EngineError> {
    live.runtime.block_on(async {
        let mut stream = live.engine.logs(&of.id, &LogQuery::default());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            if chunk.stream == Stream::Stderr { &mut err } else { &mut out }.extend_from_slice(&chunk.bytes);
        }
        Ok((out, err))
    })
}

#[test]
fn streams_are_told_apart_and_ttys_are_not_mistaken_for_frames() {
    let Some(reference) = engine() else { return };
    reference.remove(&["two", "tty"]);
    reference.run("two", &[], "echo out; echo err >&2; printf 'no newline'");
    // The first bytes of this TTY output look like a frame header of 0 bytes.
    reference.run("tty", &["-t"], "printf '\\001\\000\\000\\000\\000\\000\\000\\004abcd\\n\\002x\\n'");
    let live = Live::watch(|| open(&reference.host));
    let two = live.replica("two", "exited", |r| r.state == State::Exited);
    let (out, err) = read(&live, &two).expect("logs can be read");
    let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
    assert!(out.contains(" out\n") && out.trim_end().ends_with(" no newline"), "{out:?}");
    assert!(err.contains(" err\n") && !err.contains("out"), "{err:?}");
    let tty = live.replica("tty", "exited and inspected", |r| r.state == State::Exited && r.tty.is_some());
    assert_eq!(tty.tty, Some(true));
    let (out, err) = read(&live, &tty).expect("logs can be read");
    assert!(err.is_empty(), "a TTY has one stream: {err:?}");
    let text = String::from_utf8_lossy(&out);
    assert!(text.contains('\u{1}') && text.contains("abcd"), "bytes were lost: {text:?}");
    assert!(text.contains("\u{2}x"), "bytes were lost: {text:?}");
    reference.remove(&["two", "tty"]);
}

#[test]
fn an_unreadable_driver_says_so_for_that_replica() {
    let Some(reference) = engine() else { return };
    reference.remove(&["mute"]);
    reference.run("mute", &["--log-driver", "none"], "echo unheard; sleep 1000");
    let live = Live::watch(|| open(&reference.host));
    let mute = live.replica("mute", "running", |r| r.state == State::Running);
    let error = read(&live, &mute).expect_err("none can't be read");
    assert!(matches!(error, EngineError::Unsupported { .. }), "{error:?}");
    assert!(error.to_string().contains("none"), "names the driver: {error}");
    reference.remove(&["mute"]);
}

#[test]
fn a_line_of_ten_megabytes_arrives_whole_at_the_engines_edge() {
    let Some(reference) = engine() else { return };
    reference.remove(&["monster"]);
    reference.run("monster", &[], "head -c 10485760 /dev/zero | tr '\\0' m; echo; echo after");
    let live = Live::watch(|| open(&reference.host));
    let monster = live.replica("monster", "exited", |r| r.state == State::Exited);
    let (out, _) = read(&live, &monster).expect("logs can be read");
    assert_eq!(memchr::memchr_iter(b'm', &out).count(), 10 << 20);
    assert!(String::from_utf8_lossy(&out).trim_end().ends_with(" after"));
    reference.remove(&["monster"]);
}
