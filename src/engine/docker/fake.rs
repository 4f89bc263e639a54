//! A made-up engine on a unix socket, for tests of what a real one seldom does.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, mpsc};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use super::endpoint::Endpoint;
use super::wire::Wire;

/// What a made-up engine does with a request.
pub(super) enum Act {
    /// Answer this, and keep the connection.
    Say(String),
    /// Answer this, and hang up without a word.
    SayAndHangUp(String),
    /// Answer this, and never end the answer.
    SayOn(String),
    /// Nothing, for ever.
    Hang,
}

pub(super) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// An engine that pings well and does with other requests as `script` says. What it was asked
/// comes out of the receiver, with the number of the connection.
pub(super) fn engine(
    script: fn(&str) -> Act,
) -> (Arc<Wire>, mpsc::Receiver<(usize, String)>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("engine.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (tell, told) = mpsc::channel();
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                loop {
                    let mut piece = [0; 1024];
                    let count = stream.read(&mut piece).await.unwrap_or(0);
                    if count == 0 {
                        return;
                    }
                    seen.extend_from_slice(&piece[..count]);
                    let text = String::from_utf8_lossy(&seen).into_owned();
                    let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
                    let line =
                        head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
                    seen.clear();
                    let act = if line == "GET /_ping" {
                        Act::Say("HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 2\r\n\r\nOK".into())
                    } else {
                        tell.send((number, line.clone())).ok();
                        script(&line)
                    };
                    match act {
                        Act::Say(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                        Act::SayAndHangUp(answer) => {
                            stream.write_all(answer.as_bytes()).await.unwrap();
                            return;
                        }
                        Act::SayOn(answer) => {
                            stream.write_all(answer.as_bytes()).await.unwrap();
                            std::future::pending::<()>().await;
                        }
                        Act::Hang => std::future::pending().await,
                    }
                }
            });
        }
    });
    (Arc::new(Wire::new(Endpoint::Unix(path))), told, dir)
}
