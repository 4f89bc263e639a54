//! Where the log view stands, in rows of wrapped lines: every step costs a page, not the store.

use super::compose::Layout;
use super::{Anchor, Logs};
use crate::console::pane::Scene;
use crate::logs::{LineRef, LogStore};

/// The row at the top of the view: a line, and how many of its rows are above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Place {
    /// The line's number.
    pub(super) seq: u64,
    /// Its rows that are above.
    pub(super) row: usize,
}

/// Where the last page begins, so that the newest row is at the bottom.
pub(super) fn last_page(store: &LogStore, rows: usize, height: impl Fn(&LineRef<'_>) -> usize) -> Place {
    back(store, Place { seq: store.seqs().end, row: 0 }, rows, height)
}

/// `rows` rows up; the first row of all where there are not that many.
pub(super) fn back(
    store: &LogStore,
    from: Place,
    rows: usize,
    height: impl Fn(&LineRef<'_>) -> usize,
) -> Place {
    if rows <= from.row {
        return Place { row: from.row - rows, ..from };
    }
    let mut left = rows - from.row;
    let mut first = Place { row: 0, ..from };
    for line in store.backward(from.seq) {
        let high = height(&line);
        if high >= left {
            return Place { seq: line.seq, row: high - left };
        }
        left -= high;
        first = Place { seq: line.seq, row: 0 };
    }
    first
}

/// `rows` rows down; past the last line where there are not that many.
pub(super) fn forward(
    store: &LogStore,
    from: Place,
    rows: usize,
    height: impl Fn(&LineRef<'_>) -> usize,
) -> Place {
    let mut left = rows;
    for line in store.forward(from.seq) {
        let above = if line.seq == from.seq { from.row } else { 0 };
        let high = height(&line).saturating_sub(above);
        if left < high {
            return Place { seq: line.seq, row: above + left };
        }
        left -= high;
    }
    Place { seq: store.seqs().end, row: 0 }
}

impl Logs {
    pub(super) fn layout(&self) -> Layout {
        Layout::new(self.options, &self.sources, self.cols)
    }

    pub(super) fn last_page(&self, layout: Layout, rows: usize, scene: &Scene<'_>) -> Place {
        last_page(&self.store, rows, |line| layout.height(line, scene.look.glyphs))
    }

    /// Lines that came since the view was frozen.
    pub(super) fn new_lines(&self) -> usize {
        match self.anchor {
            Anchor::Follow => 0,
            Anchor::At { end, .. } => self.store.count_from(end),
        }
    }

    /// The row at the top of the view.
    pub(super) fn top(&self, scene: &Scene<'_>) -> Place {
        match self.anchor {
            Anchor::Follow => self.last_page(self.layout(), usize::from(self.rows), scene),
            Anchor::At { top, .. } => top,
        }
    }

    /// Stand still with this row at the top.
    pub(super) fn freeze(&mut self, top: Place) {
        let end = match self.anchor {
            Anchor::Follow => self.store.seqs().end,
            Anchor::At { end, .. } => end,
        };
        self.anchor = Anchor::At { top, end };
    }

    /// Move by rows; the last page follows the end again.
    pub(super) fn move_by(&mut self, rows: isize, scene: &Scene<'_>) {
        let layout = self.layout();
        let height = |line: &LineRef<'_>| layout.height(line, scene.look.glyphs);
        let page = usize::from(self.rows);
        match rows {
            isize::MIN => {
                let first = Place { seq: self.store.at_rank(0).unwrap_or_default(), row: 0 };
                if first < self.last_page(layout, page, scene) {
                    self.freeze(first);
                }
            }
            isize::MAX => self.anchor = Anchor::Follow,
            up if up < 0 => {
                let top = self.top(scene);
                let next = back(&self.store, top, up.unsigned_abs(), height);
                // A view that shows everything has nowhere to go: it goes on following.
                if next < top {
                    self.freeze(next);
                }
            }
            down => {
                let Anchor::At { top, .. } = self.anchor else { return };
                let next = forward(&self.store, top, down.unsigned_abs(), height);
                if next >= self.last_page(layout, page, scene) {
                    self.anchor = Anchor::Follow;
                } else {
                    self.freeze(next);
                }
            }
        }
    }
}
