//! Where the log view stands, in rows of wrapped lines: every step costs a page, not the store.

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
