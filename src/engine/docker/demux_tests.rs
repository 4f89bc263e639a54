#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const AT: &str = "2026-11-20T12:54:59.252207308Z ";

fn frame(kind: u8, payload: &str) -> Vec<u8> {
    let mut out = vec![kind, 0, 0, 0];
    out.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
    out.extend_from_slice(payload.as_bytes());
    out
}

/// All of it, given in pieces of `size` bytes; neighbouring chunks of one stream joined.
fn run(framed: bool, log: &[u8], size: usize) -> Result<Vec<(Stream, String)>, EngineError> {
    let mut demux = Demux::new(framed);
    let mut got: Vec<(Stream, String)> = Vec::new();
    for piece in log.chunks(size) {
        demux.push(Bytes::copy_from_slice(piece))?;
        for chunk in demux.take() {
            join(&mut got, &chunk);
        }
    }
    demux.end();
    demux.take().iter().for_each(|chunk| join(&mut got, chunk));
    Ok(got)
}

fn join(got: &mut Vec<(Stream, String)>, chunk: &LogChunk) {
    let text = String::from_utf8_lossy(&chunk.bytes).into_owned();
    match got.last_mut() {
        Some((stream, all)) if *stream == chunk.stream => all.push_str(&text),
        _ => got.push((chunk.stream, text)),
    }
}

#[test]
fn streams_are_told_apart_and_lines_of_one_come_together() {
    let log = [frame(1, &format!("{AT}a\n")), frame(1, &format!("{AT}b\n")), frame(2, &format!("{AT}c\n"))]
        .concat();
    let mut demux = Demux::new(true);
    demux.push(Bytes::copy_from_slice(&log)).unwrap();
    let chunks = demux.take();
    assert_eq!(chunks.len(), 2, "as few as the streams allow");
    assert_eq!(chunks[0], LogChunk { stream: Stream::Stdout, bytes: format!("{AT}a\n{AT}b\n").into() });
    assert_eq!(chunks[1].stream, Stream::Stderr);
    for size in [1, 3, 7, 1000] {
        assert_eq!(run(true, &log, size).unwrap().len(), 2, "cut every {size} bytes");
    }
}

#[test]
fn a_long_line_has_one_time_stamp() {
    let long = "x".repeat(PIECE);
    let log = [
        frame(1, &format!("{AT}{long}")),
        frame(2, &format!("{AT}err\n")),
        frame(1, &format!("{AT}end\n")),
        frame(1, &format!("{AT}next\n")),
    ]
    .concat();
    for size in [1, 10, 4096, 100_000] {
        let got = run(true, &log, size).unwrap();
        assert_eq!(got[0].1, format!("{AT}{long}"));
        assert_eq!(got[2].1, format!("end\n{AT}next\n"), "cut every {size} bytes");
    }
    let raw = format!("{AT}{long}{AT}end\r\n{AT}next\r\n");
    for size in [1, 10, 4096, 100_000] {
        let got = run(false, raw.as_bytes(), size).unwrap();
        assert_eq!(
            got,
            [(Stream::Stdout, format!("{AT}{long}end\r\n{AT}next\r\n"))],
            "cut every {size} bytes"
        );
    }
}

#[test]
fn a_terminals_log_may_begin_with_any_byte() {
    for first in 0..=3u8 {
        let log = [&[first, 0, 0, 0, 0, 0, 0, 1, b'x'][..], b"no end"].concat();
        let got = run(false, &log, 4).unwrap();
        assert_eq!(got[0].1.as_bytes(), log.as_slice());
    }
}

#[test]
fn what_is_no_frame_is_garbage_and_the_engines_error_an_error() {
    assert!(matches!(run(true, b"2026-11-20T12:54:59Z hello\n", 100), Err(EngineError::Garbage { .. })));
    assert!(matches!(run(true, &frame(9, "x"), 100), Err(EngineError::Garbage { .. })));
    assert!(matches!(run(true, &frame(3, "Error grabbing logs: EOF"), 100), Err(EngineError::Failed { .. })));
}

#[test]
fn a_frame_of_four_gigabytes_costs_nothing() {
    let mut demux = Demux::new(true);
    demux.push(Bytes::from_static(&[1, 0, 0, 0, 255, 255, 255, 255])).unwrap();
    let part = Bytes::from(vec![b'x'; 1 << 16]);
    for _ in 0..64 {
        demux.push(part.clone()).unwrap();
        assert_eq!(demux.len(), 1 << 16);
        demux.take();
    }
}

proptest! {
    /// However a log is cut, what comes out is the same.
    #[test]
    fn cuts_do_not_matter(frames in prop::collection::vec((1u8..3, "[a-z \n]{0,40}"), 0..20), size in 1usize..50) {
        let log: Vec<u8> = frames.iter().flat_map(|(kind, text)| frame(*kind, text)).collect();
        prop_assert_eq!(run(true, &log, size), run(true, &log, usize::MAX));
        let raw: Vec<u8> = frames.iter().flat_map(|(_, text)| text.bytes()).collect();
        prop_assert_eq!(run(false, &raw, size), run(false, &raw, usize::MAX));
    }

    /// Whatever comes, it does not panic, and a terminal's log comes out as it went in.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..50) {
        let _ = run(true, &bytes, size);
        let mut demux = Demux::new(false);
        let mut got = Vec::new();
        for piece in bytes.chunks(size) {
            demux.push(Bytes::copy_from_slice(piece)).unwrap();
            demux.take().iter().for_each(|c| got.extend_from_slice(&c.bytes));
        }
        demux.end();
        demux.take().iter().for_each(|c| got.extend_from_slice(&c.bytes));
        prop_assert_eq!(got, bytes);
    }
}
