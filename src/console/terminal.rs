//! The terminal's modes: taken when the console opens, given back on every way out.
//!
//! Given back when [`Terminal`] is dropped (return, error, unwinding) and by the panic hook, which
//! runs before the message is printed. Never asks the terminal anything: nobody may answer.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

/// Whether the terminal's modes are ours at the moment.
static OURS: AtomicBool = AtomicBool::new(false);
/// The thread that draws; a panic elsewhere must not take the screen away under it.
static DRAWS: OnceLock<ThreadId> = OnceLock::new();

/// Alternate screen, bracketed paste.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h";
/// Everything ENTER and drawing switched on, off; the cursor shown; end of a synchronised update.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";
/// Clicks and the wheel, with coordinates of any size. No motion: every step of it would wake us.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// The terminal, while it is ours.
pub(super) struct Terminal {
    mouse: bool,
}

impl Terminal {
    /// Take it.
    ///
    /// # Errors
    /// There is no terminal, or it can't be written to.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        let _ = DRAWS.set(thread::current().id());
        let terminal = Self { mouse };
        terminal.resume()?;
        Ok(terminal)
    }

    /// Take it again after [`Terminal::leave`].
    ///
    /// # Errors
    /// As [`Terminal::enter`].
    pub(super) fn resume(&self) -> io::Result<()> {
        // First, so that what fails half-way is given back too.
        OURS.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        write(ENTER)?;
        if self.mouse { write(MOUSE_ON) } else { Ok(()) }
    }

    /// Give it back for a while: to a shell, or to whoever suspended us.
    #[allow(clippy::unused_self, reason = "only who has the terminal can give it back")]
    pub(super) fn leave(&self) {
        restore();
    }

    /// Write what rings: bytes that neither move the cursor nor stay on the screen.
    ///
    /// # Errors
    /// The terminal can't be written to.
    #[allow(clippy::unused_self, reason = "only who has the terminal may ring it")]
    pub(super) fn ring(&self, bytes: &[u8]) -> io::Result<()> {
        write(bytes)
    }

    /// Take clicks, or leave them to the terminal.
    ///
    /// # Errors
    /// The terminal can't be written to.
    pub(super) fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        write(if on { MOUSE_ON } else { MOUSE_OFF })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Give the terminal back, if it is ours. Errors have nobody to go to: the terminal is gone then.
fn restore() {
    if OURS.swap(false, Ordering::SeqCst) {
        let _ = write(LEAVE);
        let _ = disable_raw_mode();
    }
}

/// From now on a panic of the drawing thread gives the terminal back before it is reported, and
/// every panic leaves a report in `dir` (where it can).
pub(super) fn report_panics(dir: Option<PathBuf>) {
    std::panic::set_hook(Box::new(move |info| {
        let trace = std::backtrace::Backtrace::force_capture();
        let version = env!("CARGO_PKG_VERSION");
        let report = format!("quarterdeck {version} broke.\n\n{info}\n\n{trace}\n");
        let path = dir.as_ref().and_then(|dir| save(dir, &report));
        let place = match &path {
            Some(path) => format!("The report is in {}.", path.display()),
            None => format!("No report could be written. {info}"),
        };
        if OURS.load(Ordering::SeqCst) && DRAWS.get().is_some_and(|id| *id != thread::current().id()) {
            // The screen lives on; its own log says what happened.
            tracing::error!("a task broke: {info}. {place}");
            return;
        }
        restore();
        // Standard error may be gone as well.
        let _ = writeln!(
            io::stderr(),
            "qd: quarterdeck broke: this is a bug, and nothing you did. {place}\n\
             Containers are as they were; what was under way may be half done: qd status tells."
        );
    }));
}

fn save(dir: &std::path::Path, report: &str) -> Option<PathBuf> {
    let path = dir.join(format!("crash-{}.txt", std::process::id()));
    std::fs::write(&path, report).ok()?;
    Some(path)
}
