//! A command inside a container, without a terminal: what it prints and how it ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{sleep, timeout};

use super::failure;
use super::shell::{could_not_run, start};
use super::wire::{CALL, Wire, segment};
use crate::engine::{EngineError, Output};
use crate::fleet::ReplicaId;
use crate::text::human;
use crate::text::sanitize::label;

/// Bytes kept of stdout, and of stderr.
const KEPT: usize = 64 * 1024;
/// How long to wait before asking again whether a command, whose output has ended, has too.
const AGAIN: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Ended {
    running: Option<bool>,
    exit_code: Option<i64>,
}

/// Run `argv` in the replica and wait until it ends.
pub(super) async fn exec(
    wire: Arc<Wire>,
    of: ReplicaId,
    argv: Vec<String>,
    limit: Duration,
) -> Result<Output, EngineError> {
    let Some(program) = argv.first() else {
        return Err(EngineError::Unsupported {
            why: "there is no command to run".into(),
            remedy: "Name a program and its arguments.".into(),
        });
    };
    let program = label(program, 80);
    let overran = || EngineError::Overran {
        what: format!("{program} in {}", of.short()),
        limit: human::duration(limit),
    };
    timeout(limit, run(&wire, &of, &argv, &program)).await.map_err(|_| overran())?
}

async fn run(wire: &Wire, of: &ReplicaId, argv: &[String], program: &str) -> Result<Output, EngineError> {
    let what = of.short();
    let path = format!("/containers/{}/exec", segment(&of.id));
    let body = serde_json::json!({"AttachStdout": true, "AttachStderr": true, "Cmd": argv});
    let created = wire.post(&path, &body, CALL, what).await?;
    let Created { id } =
        serde_json::from_slice(&created).map_err(|e| failure::garbage(&e, "a command to run"))?;
    let (mut output, _input) = start(wire, &id, what, false).await?;
    let Printed { out, err } =
        collect(&mut output).await.map_err(|e| failure::reading(&e, &wire.shown()))??;
    let code = exit_code(wire, &id, what).await?;
    // The runtime says on the command's own output that there is none.
    if matches!(code, 126 | 127) {
        for words in [&out, &err] {
            if could_not_run(words) {
                let why = failure::words(&String::from_utf8_lossy(words));
                return Err(EngineError::Unsupported {
                    why: format!("{program} can't be run in {what}: {why}"),
                    remedy: "Name a program that is in its image.".into(),
                });
            }
        }
    }
    Ok(Output { code, stdout: out.freeze(), stderr: err.freeze() })
}

async fn exit_code(wire: &Wire, exec: &str, what: &str) -> Result<i64, EngineError> {
    let path = format!("/exec/{}/json", segment(exec));
    loop {
        let it: Ended = wire.get(&path, what).await?;
        if let (Some(code), false) = (it.exit_code, it.running == Some(true)) {
            return Ok(code);
        }
        sleep(AGAIN).await;
    }
}

/// What came on each stream, as much as is kept.
#[derive(Default)]
struct Printed {
    out: BytesMut,
    err: BytesMut,
}

/// Read frames to their end: eight bytes (stream, length), then that much payload. What is not
/// kept is read too, so that the command does not stand still for want of a reader.
async fn collect(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Result<Printed, EngineError>, std::io::Error> {
    let mut printed = Printed::default();
    let mut held = BytesMut::with_capacity(16 * 1024);
    // The stream of the frame that is being read, and how much of it is still to come.
    let (mut stream, mut left) = (1_u8, 0_usize);
    loop {
        while left > 0 && !held.is_empty() || held.len() >= 8 {
            if left == 0 {
                let mut header = [0_u8; 8];
                held.copy_to_slice(&mut header);
                let [kind, 0, 0, 0, a, b, c, d] = header else { return Ok(Err(no_frame())) };
                if kind > 2 {
                    return Ok(Err(no_frame()));
                }
                (stream, left) = (kind, u32::from_be_bytes([a, b, c, d]) as usize);
                continue;
            }
            let piece: Bytes = held.split_to(left.min(held.len())).freeze();
            left -= piece.len();
            let to = if stream == 2 { &mut printed.err } else { &mut printed.out };
            let room = KEPT - to.len();
            to.extend_from_slice(piece.get(..room).unwrap_or(&piece));
        }
        if from.read_buf(&mut held).await? == 0 {
            return Ok(Ok(printed));
        }
    }
}

fn no_frame() -> EngineError {
    EngineError::Garbage { why: "what a command prints is not in frames".into() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frame(stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], payload].concat()
    }

    #[tokio::test]
    async fn frames_cut_anywhere_come_out_whole() {
        let wire = [frame(1, b"one\n"), frame(2, b"oops"), frame(1, b""), frame(1, b"two")].concat();
        for at in 0..=wire.len() {
            let (first, second) = wire.split_at(at);
            let mut both = AsyncReadExt::chain(first, second);
            let printed = collect(&mut both).await.unwrap().unwrap();
            assert_eq!((&printed.out[..], &printed.err[..]), (&b"one\ntwo"[..], &b"oops"[..]), "{at}");
        }
    }

    #[tokio::test]
    async fn only_so_much_is_kept_and_all_is_read() {
        let mut wire = frame(1, &vec![b'x'; 3 * KEPT]);
        wire.extend(frame(2, b"end"));
        let printed = collect(&mut wire.as_slice()).await.unwrap().unwrap();
        assert_eq!((printed.out.len(), &printed.err[..]), (KEPT, &b"end"[..]));
    }

    #[tokio::test]
    async fn what_is_no_frame_is_an_error() {
        for garbage in [&b"HTTP/1.1 500"[..], &[7, 0, 0, 0, 0, 0, 0, 1, 0]] {
            let mut wire = garbage;
            assert!(matches!(collect(&mut wire).await.unwrap(), Err(EngineError::Garbage { .. })));
        }
    }
}
