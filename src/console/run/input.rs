//! What is typed, clicked and pasted; and the way to the clipboard.

use std::future::poll_fn;
use std::io::{self, Write};
use std::task::Poll;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;

use super::super::Msg;
use crate::engine::TermSize;

/// Messages taken from what was typed ahead, at most.
const AHEAD: usize = 64;

/// The terminal's events, while it is ours to read.
pub(super) struct Input {
    events: Option<EventStream>,
}

impl Input {
    /// Read the terminal.
    pub(super) fn open() -> Self {
        Self { events: Some(EventStream::new()) }
    }

    /// Stop reading: somebody else is to read the terminal now.
    pub(super) fn close(&mut self) {
        self.events = None;
    }

    /// The next event; `None` when there will be no more. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<io::Result<Vec<Msg>>> {
        match &mut self.events {
            Some(events) => events.next().await.map(|event| event.map(|e| message(e).into_iter().collect())),
            None => std::future::pending().await,
        }
    }

    /// What has already come. Does not wait.
    pub(super) async fn ready(&mut self) -> Vec<Msg> {
        let mut msgs = Vec::new();
        let Some(events) = &mut self.events else { return msgs };
        for _ in 0..AHEAD {
            // Polled with this task's own waker: the stream remembers the last one it was given,
            // and would wake nobody for the next key.
            let event = poll_fn(|cx| Poll::Ready(events.poll_next_unpin(cx))).await;
            match event {
                Poll::Ready(Some(Ok(event))) => msgs.extend(message(event)),
                _ => break,
            }
        }
        msgs
    }
}

fn message(event: Event) -> Option<Msg> {
    Some(match event {
        Event::Key(key) => Msg::Key(key),
        Event::Mouse(mouse) => Msg::Mouse(mouse),
        Event::Paste(text) => Msg::Paste(text),
        Event::Resize(cols, rows) => Msg::Resize(TermSize { cols, rows }),
        Event::FocusGained | Event::FocusLost => return None,
    })
}

/// Hand a text to the terminal's clipboard (OSC 52).
///
/// # Errors
/// The terminal can't be written to.
pub(super) fn copy(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{}", Ansi(CopyToClipboard::to_clipboard_from(text)))?;
    out.flush()
}

/// A crossterm command as its bytes, whatever crossterm thinks of the terminal.
struct Ansi<C>(C);

impl<C: crossterm::Command> std::fmt::Display for Ansi<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.write_ansi(f)
    }
}
