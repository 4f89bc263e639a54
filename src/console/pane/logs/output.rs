//! Shown lines as plain text: to a file, to the clipboard.

use super::{Logs, SLICE, compose, subject};
use crate::console::Effect;
use crate::console::pane::{Answer, Scene};

/// The longest text handed to the clipboard, bytes: terminals drop more.
const CLIPBOARD: usize = 64 * 1024;

impl Logs {
    /// The shown lines from a place on, as text.
    pub(super) fn text(&self, from: u64, lines: usize, scene: &Scene<'_>) -> (String, usize) {
        let tags = self.sources.several();
        let mut out = String::new();
        let mut count = 0;
        for line in self.store.forward(from).take(lines) {
            out.push_str(&compose::plain(&line, self.options, tags, scene.look.utc, scene.look.glyphs));
            out.push('\n');
            count += 1;
        }
        (out, count)
    }

    pub(super) fn save(&mut self, scene: &Scene<'_>) -> Answer {
        while self.store.work(SLICE) {}
        self.filtering = false;
        let (text, lines) = self.text(0, usize::MAX, scene);
        if lines == 0 {
            return Answer::Refused("there is no line to save".into());
        }
        let title = self
            .following
            .as_ref()
            .map_or_else(|| "logs".to_owned(), |(subject, _)| subject::title(scene.fleet, subject));
        let stamp = scene.now.strftime("%Y%m%d-%H%M%S");
        let stem = format!("{title}-{stamp}");
        Answer::Done {
            effects: vec![Effect::Save { stem, extension: "log", text }],
            say: Some(format!("saving {lines} lines")),
        }
    }

    pub(super) fn copy(&self, scene: &Scene<'_>) -> Answer {
        let top = self.top(scene);
        let layout = self.layout();
        // Lines of the page, in whole: rows above the top and below the bottom come with them.
        let mut rows = usize::from(self.rows) + top.row;
        let page = self.store.forward(top.seq).take_while(|line| {
            let fits = rows > 0;
            rows = rows.saturating_sub(layout.height(line, scene.look.glyphs));
            fits
        });
        let (mut text, mut lines) = self.text(top.seq, page.count(), scene);
        if lines == 0 {
            return Answer::Refused("there is no line to copy".into());
        }
        if text.len() > CLIPBOARD {
            let cut = text.get(..text.floor_char_boundary(CLIPBOARD)).and_then(|t| t.rfind('\n'));
            text.truncate(cut.map_or(0, |at| at + 1));
            lines = text.lines().count();
            if lines == 0 {
                return Answer::Refused(
                    "the line is too long for the clipboard; save it to a file instead".into(),
                );
            }
        }
        let say = format!("copied {lines} {}", if lines == 1 { "line" } else { "lines" });
        Answer::Done { effects: vec![Effect::Copy(text)], say: Some(say) }
    }
}
