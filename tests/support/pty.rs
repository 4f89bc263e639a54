//! The real binary in a real pseudo terminal, read through a terminal emulator.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty};

/// `qd` in a terminal.
pub struct Term {
    pty: std::sync::Arc<Pty>,
    child: Child,
    chunks: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// Every byte the terminal ever got.
    pub bytes: Vec<u8>,
    size: (u16, u16),
}

fn nz(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Term {
    /// Start `qd ARGS` in a terminal of cols × rows with extra environment, in a config and state
    /// directory of its own (given, so that a test may fill it).
    pub fn start(args: &[&str], cols: u16, rows: u16, env: &[(&str, &str)], home: &std::path::Path) -> Self {
        Self::start_program(env!("CARGO_BIN_EXE_qd"), args, cols, rows, env, home)
    }

    /// Like `start`, any program (a shell that runs `qd`, for job control).
    pub fn start_program(
        program: &str,
        args: &[&str],
        cols: u16,
        rows: u16,
        env: &[(&str, &str)],
        home: &std::path::Path,
    ) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(rows, cols)).unwrap();
        let child = Command::new(program)
            .args(args)
            .env_remove("NO_COLOR")
            .env_remove("DOCKER_CONTEXT")
            .env("HOME", home)
            .env("QD_CONFIG_DIR", home.join("config"))
            .env("QD_STATE_DIR", home.join("state"))
            .env("TERM", "xterm-256color")
            .env("COLORTERM", "truecolor")
            .env("LANG", "C.UTF-8")
            .env("LC_ALL", "C.UTF-8")
            .envs(env.iter().copied())
            .spawn(pts)
            .unwrap();
        let pty = std::sync::Arc::new(pty);
        let (send, chunks) = channel();
        let reader = std::sync::Arc::clone(&pty);
        std::thread::spawn(move || {
            let mut buf = vec![0; 65536];
            // EIO is how a pty says that the last process on it is gone.
            while let Ok(n @ 1..) = (&*reader).read(&mut buf) {
                if send.send(buf[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let parser = vt100::Parser::new(nz(rows), nz(cols), 0);
        Self { pty, child, chunks, parser, bytes: Vec::new(), size: (cols, rows) }
    }

    /// Take in what has come, waiting at most `wait` for the first of it. False when it ended.
    pub fn read(&mut self, wait: Duration) -> bool {
        match self.chunks.recv_timeout(wait) {
            Ok(chunk) => {
                self.take(&chunk);
                while let Ok(chunk) = self.chunks.try_recv() {
                    self.take(&chunk);
                }
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        self.parser.process(chunk);
    }

    /// What the screen shows, a string a row.
    pub fn rows(&self) -> Vec<String> {
        self.parser.screen().rows(0, self.size.0).collect()
    }

    /// What the screen shows.
    pub fn text(&self) -> String {
        self.rows().join("\n")
    }

    /// The emulator's screen: cells, modes.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Wait until the screen satisfies `check`; panics with the screen when it never does.
    pub fn wait(&mut self, what: &str, check: impl Fn(&str) -> bool) {
        self.wait_for(what, Duration::from_secs(20), check);
    }

    /// `wait` with its own bound.
    pub fn wait_for(&mut self, what: &str, within: Duration, check: impl Fn(&str) -> bool) {
        let began = Instant::now();
        loop {
            let text = self.text();
            if check(&text) {
                return;
            }
            assert!(began.elapsed() < within, "not within {within:?}: {what}; the screen:\n{text}");
            if !self.read(Duration::from_millis(50)) {
                let text = self.text();
                assert!(check(&text), "ended before: {what}; the screen:\n{text}");
                return;
            }
        }
    }

    /// Wait until `needle` is on the screen.
    pub fn see(&mut self, needle: &str) {
        self.wait(&format!("{needle:?} on screen"), |text| text.contains(needle));
    }

    /// Wait until nothing has come for `quiet`, at most eight times that long: a screen with a live
    /// log on it is never quiet.
    pub fn settle(&mut self, quiet: Duration) {
        let mut len = self.bytes.len();
        let began = Instant::now();
        let mut since = began;
        while since.elapsed() < quiet && began.elapsed() < 8 * quiet {
            if !self.read(Duration::from_millis(20)) {
                return;
            }
            if self.bytes.len() != len {
                len = self.bytes.len();
                since = Instant::now();
            }
        }
    }

    /// Type.
    pub fn keys(&mut self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// Press escape, alone: with a key right behind it, it would be alt and that key.
    pub fn escape(&mut self) {
        self.keys("\u{1b}");
        self.settle(Duration::from_millis(400));
    }

    /// Close whatever is open, and quit.
    pub fn quit(&mut self) -> ExitStatus {
        self.escape();
        self.escape();
        self.keys("q");
        self.end()
    }

    /// Change the terminal's size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.pty.resize(Size::new(rows, cols)).unwrap();
        self.parser.set_size(nz(rows), nz(cols));
        self.size = (cols, rows);
    }

    /// Send a signal, by number.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Wait for the end; panics (after killing it) when it doesn't come.
    pub fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            self.read(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last is on its way; the reader ends when the terminal is nobody's.
                let gone = Instant::now();
                while self.read(Duration::from_millis(20)) && gone.elapsed() < Duration::from_millis(500) {}
                return status;
            }
            if began.elapsed() > Duration::from_secs(15) {
                let text = self.text();
                let _ = self.child.kill();
                panic!("did not end; the screen:\n{text}");
            }
        }
    }

    /// Whether the screen was given back (the shell that got it sets modes of its own).
    pub fn assert_left(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is still captured"
        );
    }

    /// Whether the terminal is as a shell wants it: main screen, cursor shown, no mouse, no
    /// bracketed paste, cooked mode.
    pub fn assert_restored(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is still captured"
        );
        let modes = rustix::termios::tcgetattr(self.pty.as_fd()).unwrap().local_modes;
        assert!(modes.contains(rustix::termios::LocalModes::ICANON), "still in raw mode");
        assert!(modes.contains(rustix::termios::LocalModes::ECHO), "echo is still off");
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Exit code, or 128 + signal.
pub fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Whether what follows `ESC [` is a sequence the console sends: colours and attributes, cursor
/// moves, erase, a scroll region, and the modes it sets.
fn own_csi(csi: &str) -> bool {
    const MODES: [&str; 11] =
        ["?1049", "?25", "?2004", "?1000", "?1002", "?1003", "?1006", "?1015", "?2026", "?1004", "?7"];
    let Some(end) = csi.find(|c: char| ('@'..='~').contains(&c)) else { return false };
    match csi.as_bytes()[end] {
        b'm' | b'H' | b'A'..=b'D' | b'G' | b'J' | b'K' | b'X' | b'r' => true,
        b'h' | b'l' => MODES.contains(&&csi[..end]),
        _ => false,
    }
}

/// Escape sequences in `bytes` that the console itself never sends: whatever is found here came
/// from outside text. Known good: CSI with the console's own final bytes, and private modes.
pub fn foreign_escapes(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut rest = &*text;
    while let Some(at) = rest.find(['\u{1b}', '\u{9b}', '\u{9d}', '\u{90}', '\u{7}']) {
        let here = &rest[at..];
        let first = here.chars().next().unwrap();
        let body = &here[first.len_utf8()..];
        // ESC M moves lines down; `r` sets the region they move in.
        let ok = first == '\u{1b}' && (body.starts_with('M') || body.strip_prefix('[').is_some_and(own_csi));
        if !ok {
            found.push(here.chars().take(24).collect::<String>().escape_debug().to_string());
        }
        rest = body;
    }
    found
}
