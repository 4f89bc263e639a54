//! A shell in a container on the whole terminal: bytes through, nothing else.
//!
//! The terminal is in raw mode and its normal screen; what the shell prints is the user's own
//! session and goes through untouched.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::termios::{self, OptionalActions, SpecialCodeIndex, Termios};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::engine::{Shell, TermSize};

/// What brings a terminal back from whatever ran in it: style, character set, scroll region,
/// application keys, mouse, paste, cursor.
const MEND: &[u8] =
    b"\x1b[0m\x1b(B\x1b[r\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?25h\r\n";
/// How long the engine may take to tell the exit code.
const EXIT: Duration = Duration::from_secs(2);

/// Stay until the shell ends; its exit code, where the engine tells.
///
/// # Errors
/// The terminal can't be read or written, or the connection broke.
pub(super) async fn attend(shell: Shell) -> io::Result<Option<i64>> {
    let Shell { mut output, mut input, resize, exit } = shell;
    let raw = Raw::enter()?;
    let mut keys = Keys::read();
    let mut resized = signal(SignalKind::window_change())?;
    write(b"\r\n[qd] exit or ctrl-d returns to quarterdeck\r\n")?;
    let mut buffer = vec![0; 16 * 1024];
    let mut typing = true;
    let ended = loop {
        tokio::select! {
            read = output.read(&mut buffer) => match read {
                Ok(0) => break Ok(()),
                Ok(n) => write(buffer.get(..n).unwrap_or_default())?,
                Err(error) => break Err(error),
            },
            typed = keys.bytes.recv(), if typing => match typed {
                Some(bytes) => {
                    // The shell may be gone already: its output's end tells so in a moment.
                    if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
                        typing = false;
                    }
                }
                None => break Err(io::ErrorKind::UnexpectedEof.into()),
            },
            _ = resized.recv() => {
                if let Ok((cols, rows)) = crossterm::terminal::size() {
                    resize(TermSize { cols, rows }).await;
                }
            }
        }
    };
    drop(keys);
    let _ = write(MEND);
    drop(raw);
    ended?;
    Ok(timeout(EXIT, exit).await.ok().flatten())
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Raw mode in which a read comes back after a tenth of a second without a key, so that the
/// thread that reads can be ended without stealing the next one.
struct Raw(Termios);

impl Raw {
    fn enter() -> io::Result<Self> {
        let before = termios::tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = 1;
        termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// What is typed, read by a thread of its own.
struct Keys {
    bytes: mpsc::Receiver<Vec<u8>>,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Keys {
    fn read() -> Self {
        let (tell, bytes) = mpsc::channel(16);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::Builder::new().name("qd-keys".into()).stack_size(64 * 1024).spawn(move || {
            let mut buffer = [0_u8; 4096];
            while !stopped.load(Ordering::Relaxed) {
                match rustix::io::read(io::stdin(), &mut buffer) {
                    // The tenth of a second is over; or the terminal is gone, which is no terminal.
                    Ok(0) if io::stdin().is_terminal() => {}
                    Ok(0) => return,
                    Ok(n) => {
                        if tell.blocking_send(buffer.get(..n).unwrap_or_default().to_vec()).is_err() {
                            return;
                        }
                    }
                    Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        });
        Self { bytes, stop, thread: thread.ok() }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.bytes.close();
        if let Some(thread) = self.thread.take() {
            // A tenth of a second at most; after it nobody reads the terminal but us.
            let _ = thread.join();
        }
    }
}
