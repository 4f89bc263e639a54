//! A shell, or any command with a terminal, inside a container.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bollard::exec::ResizeExecOptions;
use bollard::models::ExecConfig;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Method, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{sleep, timeout};

use super::failure;
use super::wire::{CALL, SOON, Wire, request, segment};
use crate::engine::{EngineError, Shell, TermSize};
use crate::fleet::ReplicaId;
use crate::text::sanitize::label;

/// The shells tried where none is named, best first, and where they may lie.
const SHELLS: [&str; 7] = [
    "/bin/bash",
    "/usr/bin/bash",
    "/usr/local/bin/bash",
    "/bin/ash",
    "/bin/sh",
    "/usr/bin/sh",
    "/busybox/sh",
];
/// How long a command may take to say its first word before it counts as well started.
const FIRST_WORD: Duration = Duration::from_millis(400);
/// How long the exit code is waited for after the output ended.
const EXIT: Duration = Duration::from_secs(2);

/// Run `argv` (empty: the best shell there is) in the replica, with a terminal.
pub(super) async fn open(
    wire: Arc<Wire>,
    of: ReplicaId,
    argv: Vec<String>,
    size: TermSize,
) -> Result<Shell, EngineError> {
    let argv = if argv.is_empty() { vec![find_shell(&wire, &of).await?.to_owned()] } else { argv };
    let program = label(argv.first().map_or("", String::as_str), 80).to_string();
    let docker = wire.typed(CALL).await?;
    let config = ExecConfig {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(true),
        cmd: Some(argv),
        ..ExecConfig::default()
    };
    let what = of.short();
    let failed = |e| failure::bollard(e, what, &wire.shown());
    // bollard's own timeout ends with the headers.
    let id = segment(&of.id);
    let created = timeout(CALL, docker.create_exec(&id, config));
    let created = created.await.map_err(|_| wire.late(CALL, "preparing a shell"))?.map_err(failed)?;
    let exec = created.id;
    let (mut output, input) = start(&wire, &exec, what, true).await?;

    // A command that can't be run says so in its output and ends; a shell prints a prompt.
    let mut first = [0_u8; 512];
    let words = match timeout(FIRST_WORD, output.read(&mut first)).await {
        Ok(Ok(count)) => count,
        Ok(Err(e)) => return Err(failure::reading(&e, &wire.shown())),
        Err(_) => 0,
    };
    let first = first.get(..words).unwrap_or_default();
    if let Some(126 | 127) = ended(&docker, &exec).await
        && could_not_run(first)
    {
        return Err(EngineError::Unsupported {
            why: format!(
                "{program} can't be run in {what}: {}",
                failure::words(&String::from_utf8_lossy(first))
            ),
            remedy: "Name a program that is in its image.".into(),
        });
    }

    let resize = {
        let (docker, exec) = (docker.clone(), exec.clone());
        move |size: TermSize| {
            let (docker, exec) = (docker.clone(), exec.clone());
            async move {
                let options = ResizeExecOptions { height: size.rows, width: size.cols };
                // Just after its start an exec can't be resized yet.
                for _ in 0..5 {
                    match timeout(SOON, docker.resize_exec(&exec, options)).await {
                        Ok(Ok(())) | Err(_) => return,
                        Ok(Err(error)) => tracing::debug!(%error, "resizing the shell"),
                    }
                    sleep(Duration::from_millis(40)).await;
                }
            }
            .boxed()
        }
    };
    resize(size).await;
    let exit = async move { timeout(EXIT, wait_exit(&docker, &exec)).await.ok().flatten() };
    Ok(Shell {
        output: Box::new(io::Cursor::new(first.to_vec()).chain(output)),
        input: Box::new(input),
        resize: Arc::new(resize),
        exit: exit.boxed(),
    })
}

/// Start the exec and take over its connection.
pub(super) async fn start(
    wire: &Wire,
    exec: &str,
    what: &str,
    tty: bool,
) -> Result<(impl AsyncRead + Send + Unpin + use<>, impl AsyncWrite + Send + Unpin + use<>), EngineError> {
    let path = wire.versioned(&format!("/exec/{}/start", segment(exec))).await?;
    let body = Bytes::from(serde_json::json!({"Detach": false, "Tty": tty}).to_string());
    let mut asked = request(&path, Method::POST, body)?;
    let headers = asked.headers_mut();
    headers.insert(header::CONNECTION, header::HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, header::HeaderValue::from_static("tcp"));
    let endpoint = wire.shown();
    let begin = async {
        let mut sender = wire.connect().await?;
        let response = sender.send_request(asked).await.map_err(|e| failure::talking(&e, &endpoint))?;
        let response = wire.checked(response, what).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(EngineError::Garbage {
                why: "it does not hand over the connection for a command".into(),
            });
        }
        hyper::upgrade::on(response).await.map_err(|e| failure::talking(&e, &endpoint))
    };
    let upgraded = timeout(CALL, begin).await.map_err(|_| wire.late(CALL, "starting a command"))??;
    Ok(tokio::io::split(TokioIo::new(upgraded)))
}

/// The best shell there is, found by looking, not by running things.
async fn find_shell(wire: &Wire, of: &ReplicaId) -> Result<&'static str, EngineError> {
    for shell in SHELLS {
        let path = format!("/containers/{}/archive?path={}", segment(&of.id), segment(shell));
        let path = wire.versioned(&path).await?;
        let answer = wire.call_at(&path, Method::HEAD, None, SOON, "looking for a shell").await?;
        match answer.status.as_u16() {
            200 => return Ok(shell),
            404 => {}
            // The engine can't look: the exec itself will tell.
            _ => return Ok("sh"),
        }
    }
    // An answer of 404 also comes when the container is not there at all.
    super::inspect::fetch_bare(wire, &of.id).await?;
    Err(EngineError::Unsupported {
        why: format!("there is no shell in {}: neither bash, ash nor sh", of.short()),
        remedy: format!(
            "Look at it from beside it: docker run --rm -it --pid container:{0} --network container:{0} busybox",
            of.short()
        ),
    })
}

/// The exit code, if the command has ended.
async fn ended(docker: &bollard::Docker, exec: &str) -> Option<i64> {
    let it = timeout(SOON, docker.inspect_exec(exec)).await.ok()?.ok()?;
    it.exit_code.filter(|_| it.running != Some(true))
}

async fn wait_exit(docker: &bollard::Docker, exec: &str) -> Option<i64> {
    loop {
        if let Some(code) = ended(docker, exec).await {
            return Some(code);
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Whether these are the runtime's words for a command that could not be run.
pub(super) fn could_not_run(words: &[u8]) -> bool {
    let words = String::from_utf8_lossy(words).to_ascii_lowercase();
    ["oci runtime", "executable file not found", "exec failed"].iter().any(|hint| words.contains(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtimes_words_are_known_from_a_commands() {
        assert!(could_not_run(
            b"OCI runtime exec failed: exec failed: \"fish\": executable file not found in $PATH"
        ));
        assert!(!could_not_run(b""), "a script may end with any code and say nothing");
        assert!(!could_not_run(b"/ # "));
    }
}
