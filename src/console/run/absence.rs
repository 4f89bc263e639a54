//! The terminal is somebody else's for a while: the shell we were started from, or one in a
//! container.

use std::io;

use tokio::time::Instant;

use super::super::Msg;
use super::input::Input;
use super::signals::{self, Signal};
use super::{ConsoleError, Inner, Runner, shell};
use crate::engine::{self, EngineError, TermSize};

impl Runner {
    /// Give the terminal back and stop, until somebody brings us to the front again.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        // Its thread reads the terminal: it must be gone before the shell does.
        self.input.close();
        self.terminal.leave();
        signals::stop_here();
        self.terminal.resume()?;
        self.after_absence();
        Ok(())
    }

    /// We were stopped from outside and go on: the terminal's modes are anybody's guess.
    pub(super) fn come_back(&mut self) -> io::Result<()> {
        self.input.close();
        self.terminal.leave();
        self.terminal.resume()?;
        self.after_absence();
        Ok(())
    }

    fn after_absence(&mut self) {
        self.back = Instant::now();
        self.input = Input::open();
        self.screen.forget();
        if let Ok((cols, rows)) = crossterm::terminal::size() {
            self.take(Msg::Resize(TermSize { cols, rows }));
        }
        self.model.dirty = true;
    }

    /// Hand the terminal to a shell in a container, and take it back intact. Facts go on being
    /// taken in meanwhile, so that the engine's side never waits for the shell's end.
    pub(super) async fn shell(&mut self, shell: engine::Shell) -> Result<(), ConsoleError> {
        self.input.close();
        self.terminal.leave();
        let mut session = Box::pin(shell::attend(shell));
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut session => break ended,
                signal = self.signals.next() => if signal == Signal::Terminate {
                    self.leave = true;
                    break Ok(None);
                },
                Some(inner) = self.inbox.recv() => match inner {
                    Inner::Msg(msg) => self.take(msg),
                    Inner::Shell(_) => {}
                },
                Some((number, batch)) = self.lines.recv() => self.take(Msg::Lines(number, batch)),
            }
        };
        drop(session);
        self.terminal.resume()?;
        self.after_absence();
        self.look_at_clock();
        match ended {
            Ok(code) => self.take(Msg::ShellEnded(Ok(code))),
            Err(error) => {
                let why = EngineError::Disconnected { why: error.to_string() };
                self.take(Msg::ShellEnded(Err(why)));
            }
        }
        Ok(())
    }
}
