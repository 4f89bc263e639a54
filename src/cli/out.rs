//! Standard output as the commands see it: results only, buffered, coloured where wanted.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use super::exit::CliError;
use super::style::Paint;
use crate::config::Glyphs;

/// Big enough that a fast log costs few system calls.
const BUFFER: usize = 256 * 1024;

/// Where results go. Words for humans (warnings, questions, progress) go to stderr instead.
pub(super) struct Out {
    writer: BufWriter<Stdout>,
    /// How to paint.
    pub(super) paint: Paint,
    /// Which characters to use.
    pub(super) glyphs: &'static Glyphs,
    /// Whether a terminal reads it.
    pub(super) tty: bool,
}

impl Out {
    /// Standard output, not painted.
    pub(super) fn new(glyphs: &'static Glyphs) -> Self {
        Self {
            writer: BufWriter::with_capacity(BUFFER, io::stdout()),
            paint: Paint::none(),
            glyphs,
            tty: io::stdout().is_terminal(),
        }
    }

    /// The terminal's width in cells; `None` in a pipe, where nothing is cut.
    pub(super) fn fit(&self) -> Option<usize> {
        if !self.tty {
            return None;
        }
        crossterm::terminal::size().ok().map(|(cols, _)| usize::from(cols)).filter(|&cols| cols > 0)
    }

    /// Write text as it is.
    pub(super) fn text(&mut self, text: &str) -> Result<(), CliError> {
        Ok(self.writer.write_all(text.as_bytes())?)
    }

    /// Write a line.
    pub(super) fn line(&mut self, text: &str) -> Result<(), CliError> {
        self.text(text)?;
        Ok(self.writer.write_all(b"\n")?)
    }

    /// Hand everything to the reader now.
    pub(super) fn flush(&mut self) -> Result<(), CliError> {
        Ok(self.writer.flush()?)
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
