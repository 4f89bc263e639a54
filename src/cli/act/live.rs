//! What is under way, drawn in place on standard error where that is a terminal: a line for every
//! step that runs and every gate that waits.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use tokio::time::Instant;

use super::words;
use crate::cli::table::cut;
use crate::operate::Seen;
use crate::text::human;

/// More lines than this would push what is to be read away.
const LINES: usize = 8;
/// Between two pictures that nothing but time asks for.
pub(super) const TICK: Duration = Duration::from_millis(500);
/// Between two pictures at least: gates tell several times a second each.
const LEAST: Duration = Duration::from_millis(100);

/// A step under way.
struct Running {
    number: u32,
    words: String,
    since: Instant,
    seen: Option<String>,
}

/// The lines that stand there now.
pub(super) struct Live {
    on: bool,
    ellipsis: &'static str,
    running: Vec<Running>,
    drawn: usize,
    last: Option<Instant>,
}

impl Live {
    /// Nothing under way yet. On a terminal that can't move its cursor, and in a pipe, it stays
    /// silent.
    pub(super) fn new(ellipsis: &'static str) -> Self {
        let term = crate::cli::setup::env("TERM");
        let able = term.is_some_and(|term| !term.is_empty() && term != "dumb");
        Self { on: able && io::stderr().is_terminal(), ellipsis, running: Vec::new(), drawn: 0, last: None }
    }

    /// Whether anything is drawn at all.
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    /// A step began.
    pub(super) fn began(&mut self, number: u32, words: String) {
        self.running.push(Running { number, words, since: Instant::now(), seen: None });
        self.draw();
    }

    /// A gate sees something.
    pub(super) fn waiting(&mut self, number: u32, seen: &Seen) {
        if let Some(running) = self.running.iter_mut().find(|r| r.number == number) {
            running.seen = Some(words::seen(seen));
        }
        if self.last.is_none_or(|last| last.elapsed() >= LEAST) {
            self.draw();
        }
    }

    /// A step ended. The caller has cleared the picture and draws it again.
    pub(super) fn ended(&mut self, number: u32) {
        self.running.retain(|r| r.number != number);
    }

    /// Take the picture away, so that something can be printed in its place.
    pub(super) fn clear(&mut self) {
        if self.drawn > 0 {
            put(&format!("\x1b[{}A\r\x1b[J", self.drawn));
            self.drawn = 0;
        }
    }

    /// Draw it over what stands there.
    pub(super) fn draw(&mut self) {
        if !self.on {
            return;
        }
        let (cols, rows) = crossterm::terminal::size().unwrap_or((80, 24));
        let (cols, rows) = (usize::from(cols).max(20), usize::from(rows).max(4));
        let room = LINES.min(rows - 2);
        let mut text = String::new();
        if self.drawn > 0 {
            // Writing to a String can't fail.
            let _ = write!(text, "\x1b[{}A", self.drawn);
        }
        let shown = if self.running.len() > room { room - 1 } else { self.running.len() };
        let lines = self.running.iter().take(shown).map(|r| {
            let seen = r.seen.clone().unwrap_or_else(|| human::duration(whole(r.since.elapsed())));
            format!("  {}  {seen}", r.words)
        });
        let more = self.running.len() - shown;
        let more = (more > 0).then(|| format!("  and {more} more"));
        let mut drawn = 0;
        for line in lines.chain(more) {
            // A line as wide as the terminal wraps on some.
            let _ = write!(text, "\r{}\x1b[K\n", cut(&line, cols - 1, self.ellipsis));
            drawn += 1;
        }
        text.push_str("\x1b[J");
        put(&text);
        self.drawn = drawn;
        self.last = Some(Instant::now());
    }
}

fn whole(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

/// A standard error that can't be written is no reason to stop.
fn put(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
