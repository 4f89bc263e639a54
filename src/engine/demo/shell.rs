//! A tiny shell inside a simulated replica: enough to try the key, and honest about it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{oneshot, watch};

use crate::engine::{Details, Output, Shell, TermSize};

/// Bytes a side may lie behind.
const PIPE: usize = 16 * 1024;
/// The longest line it takes, characters.
const LINE: usize = 1_024;
/// What a shell says for a command it does not have.
const NOT_FOUND: i64 = 127;

/// Open a shell in the replica these details are of; `ended` ends when the replica does.
pub(super) fn open(
    details: Details,
    argv: Vec<String>,
    size: TermSize,
    ended: BoxFuture<'static, ()>,
) -> Shell {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let (input, keys) = tokio::io::duplex(PIPE);
    let (tell, told) = oneshot::channel();
    let (resized, size) = watch::channel(size);
    tokio::spawn(async move {
        let mut session = Session { details, size, out: ours };
        let code = tokio::select! {
            code = session.talk(argv, keys) => code,
            () = ended => {
                let _ = session.print("\r\nthe container has ended\r\n").await;
                Some(137)
            }
        };
        // Nobody may be waiting for it any more.
        let _ = session.out.shutdown().await;
        let _ = tell.send(code);
    });
    Shell {
        output: Box::new(theirs),
        input: Box::new(input),
        resize: Arc::new(move |size| {
            resized.send_replace(size);
            std::future::ready(()).boxed()
        }),
        exit: async move { told.await.ok().flatten() }.boxed(),
    }
}

/// Run a command as a probe does, without a terminal; `None` when it does not end within `limit`.
pub(super) async fn run(details: Details, argv: &[String], limit: Duration) -> Option<Output> {
    let (out, _) = tokio::io::duplex(1);
    let (_, size) = watch::channel(TermSize { cols: 80, rows: 24 });
    let session = Session { details, size, out };
    let line = match argv {
        // What `sh -c` is given is a line.
        [shell, c, line, ..] if shell.ends_with("sh") && c == "-c" => line.clone(),
        words => words.join(" "),
    };
    if let Some(seconds) = line.strip_prefix("sleep ").and_then(|rest| rest.trim().parse().ok()) {
        let slept = Duration::from_secs(seconds);
        tokio::time::sleep(slept.min(limit)).await;
        return (slept <= limit).then(Output::default);
    }
    let (text, after) = session.answer(line.trim(), 0);
    let (After::Prompt(code) | After::Leave(code)) = after;
    let said = Bytes::from(text.replace("\r\n", "\n"));
    Some(match code {
        NOT_FOUND => Output { code, stdout: Bytes::new(), stderr: said },
        _ => Output { code, stdout: said, stderr: Bytes::new() },
    })
}

struct Session {
    details: Details,
    size: watch::Receiver<TermSize>,
    out: DuplexStream,
}

/// Where in the escape sequence of a key we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sequence {
    None,
    Escape,
    Control,
    /// At its last byte.
    Last,
}

impl Sequence {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (_, 0x1b) => Self::Escape,
            (Self::Escape, b'[' | b'O') | (Self::Control, 0x20..=0x3f) => Self::Control,
            (Self::Escape, _) | (Self::Control, 0x40..=0x7e) => Self::Last,
            _ => Self::None,
        }
    }
}

/// What a command led to.
enum After {
    Prompt(i64),
    Leave(i64),
}

impl Session {
    /// Run `argv`, or talk until it is told to leave; its exit code, `None` when the screen went away.
    async fn talk(&mut self, argv: Vec<String>, mut keys: DuplexStream) -> Option<i64> {
        let is_shell = argv.first().is_none_or(|word| word.ends_with("sh"));
        if !is_shell {
            let (text, after) = self.answer(&argv.join(" "), 0);
            self.print(&text).await.ok()?;
            return Some(match after {
                After::Prompt(code) | After::Leave(code) => code,
            });
        }
        let greeting = format!(
            "This is the DEMO: a pretended shell in {}. Try help, ps, env, exit.\r\n",
            self.details.replica.name
        );
        self.print(&greeting).await.ok()?;
        self.prompt().await.ok()?;
        let (mut line, mut last) = (String::new(), 0);
        let mut buffer = [0_u8; 256];
        let mut keys_of = Sequence::None;
        loop {
            let read = keys.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
            for byte in buffer.iter().take(read).copied() {
                keys_of = keys_of.after(byte);
                match byte {
                    // Arrow keys and their like: nothing here understands them.
                    _ if keys_of != Sequence::None => {}
                    b'\r' | b'\n' => {
                        self.print("\r\n").await.ok()?;
                        let (text, after) = self.answer(line.trim(), last);
                        line.clear();
                        self.print(&text).await.ok()?;
                        match after {
                            After::Leave(code) => return Some(code),
                            After::Prompt(code) => last = code,
                        }
                        self.prompt().await.ok()?;
                    }
                    3 => {
                        line.clear();
                        self.print("^C\r\n").await.ok()?;
                        self.prompt().await.ok()?;
                    }
                    4 if line.is_empty() => {
                        self.print("exit\r\n").await.ok()?;
                        return Some(last);
                    }
                    8 | 127 if line.pop().is_some() => self.print("\x08 \x08").await.ok()?,
                    b' '..=b'~' if line.len() < LINE => {
                        line.push(char::from(byte));
                        self.print(char::from(byte).encode_utf8(&mut [0; 4])).await.ok()?;
                    }
                    _ => {}
                }
            }
        }
    }

    async fn print(&mut self, text: &str) -> std::io::Result<()> {
        self.out.write_all(text.as_bytes()).await
    }

    async fn prompt(&mut self) -> std::io::Result<()> {
        let prompt = format!("{}:{}$ ", self.details.replica.id.short(), self.details.workdir);
        self.print(&prompt).await
    }

    /// What a command prints, and what follows.
    fn answer(&self, line: &str, last: i64) -> (String, After) {
        let mut words = line.split_whitespace();
        let details = &self.details;
        let mut out = String::new();
        match words.next() {
            None => return (out, After::Prompt(last)),
            Some("help") => {
                out.push_str("demo shell: help, ps, env, hostname, whoami, pwd, tty, echo, true, false, pg_isready, redis-cli ping, exit [CODE]\r\n");
            }
            Some("ps") => {
                out.push_str("PID   USER     COMMAND\r\n");
                let user = self.user();
                // Writing to a string can't fail.
                let _ =
                    write!(out, "    1 {user:<8} {}\r\n   88 {user:<8} sh\r\n", details.command.join(" "));
            }
            Some("env") => {
                for (name, value) in &details.env {
                    let _ = write!(out, "{name}={value}\r\n");
                }
            }
            Some("true") => {}
            Some("false") => return (out, After::Prompt(1)),
            Some("pg_isready") => out.push_str("/var/run/postgresql:5432 - accepting connections\r\n"),
            Some("redis-cli") if words.next() == Some("ping") => out.push_str("PONG\r\n"),
            Some("hostname") => out = format!("{}\r\n", details.hostname),
            Some("whoami") => out = format!("{}\r\n", self.user()),
            Some("pwd") => out = format!("{}\r\n", details.workdir),
            Some("tty") => {
                let TermSize { cols, rows } = *self.size.borrow();
                out = format!("{cols} columns, {rows} rows\r\n");
            }
            Some("echo") => out = format!("{}\r\n", words.collect::<Vec<_>>().join(" ")),
            Some("exit") => {
                let code = words.next().and_then(|word| word.parse().ok()).unwrap_or(last);
                return (out, After::Leave(code));
            }
            Some(command) => {
                let text = format!("{command}: not found (this is the demo; try help)\r\n");
                return (text, After::Prompt(NOT_FOUND));
            }
        }
        (out, After::Prompt(0))
    }

    fn user(&self) -> &str {
        if self.details.user.is_empty() { "root" } else { &self.details.user }
    }
}
