//! Lines that moved, moved by the terminal itself.
//!
//! A log that grows by one line moves every line above it. Sent as changed cells that is most of
//! the pane for each line; told to the terminal it is some twenty bytes and the new line. Only
//! what every terminal since the VT100 knows is used: a scroll region, line feed at its foot,
//! reverse index at its head.

use std::ops::Range;

use ratatui::buffer::{Buffer, Cell};

/// Rows that must come out right by moving, and would not without: below that it is not worth it.
const WORTH: usize = 3;
/// The longest way rows are looked for.
const FAR: usize = 24;

/// Rows of the screen that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    /// The region that moves, rows from the top.
    pub(super) rows: Range<u16>,
    /// How far.
    pub(super) by: u16,
    /// Upwards (new rows at the foot), else downwards.
    pub(super) up: bool,
}

/// The best way to make `next` from `shown` by moving rows, if there is one worth it.
pub(super) fn find(shown: &Buffer, next: &Buffer) -> Option<Shift> {
    let height = usize::from(next.area.height);
    let width = usize::from(next.area.width);
    if shown.area != next.area || height <= WORTH || width == 0 {
        return None;
    }
    let (old, new) = (prints(shown, width), prints(next, width));
    let changed: Vec<bool> = old.iter().zip(&new).map(|(a, b)| a != b).collect();
    if changed.iter().filter(|c| **c).count() <= WORTH {
        return None;
    }
    let mut best: Option<(usize, Shift)> = None;
    for by in 1..=FAR.min(height - 1) {
        for up in [true, false] {
            // Row `to` of the next frame is row `from` of the shown one.
            let pairs = 0..height - by;
            let hit = |i: usize| {
                let (to, from) = if up { (i, i + by) } else { (i + by, i) };
                new.get(to) == old.get(from)
            };
            let mut at = pairs.start;
            while at < pairs.end {
                if !hit(at) {
                    at += 1;
                    continue;
                }
                let begin = at;
                while at < pairs.end && hit(at) {
                    at += 1;
                }
                // What moving mends, less what it spoils: rows that were right where they were,
                // and those that come in blank.
                let region = begin..at + by;
                let moved = if up { begin..at } else { begin + by..at + by };
                let mended = moved.clone().filter(|&y| changed.get(y) == Some(&true)).count();
                let spoilt =
                    region.clone().filter(|y| !moved.contains(y) && changed.get(*y) == Some(&false)).count();
                let gain = mended.saturating_sub(spoilt);
                if gain >= WORTH && best.as_ref().is_none_or(|(most, _)| gain > *most) {
                    best = Some((
                        gain,
                        Shift { rows: region.start as u16..region.end as u16, by: by as u16, up },
                    ));
                }
            }
        }
    }
    best.map(|(_, shift)| shift)
}

/// A number a row, of its characters alone: this runs before every frame, the key's included. Two
/// rows of the same number that differ, or differ in style, cost a row drawn again, nothing more:
/// what is sent is still told by the cells.
fn prints(buffer: &Buffer, width: usize) -> Vec<u64> {
    // The odd constant of the golden ratio: every bit of a character reaches the high ones.
    let mix =
        |hash: u64, byte: u8| (hash.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let print = |row: &[Cell]| row.iter().fold(0, |hash, cell| cell.symbol().bytes().fold(hash, mix));
    buffer.content.chunks(width).map(print).collect()
}

/// What the terminal shows after the shift: the rows moved, blank ones in their place.
pub(super) fn apply(shown: &mut Buffer, shift: &Shift) {
    let width = usize::from(shown.area.width);
    let (start, end) = (usize::from(shift.rows.start) * width, usize::from(shift.rows.end) * width);
    let by = usize::from(shift.by) * width;
    let Some(region) = shown.content.get_mut(start..end) else { return };
    if shift.up {
        region.rotate_left(by);
        let kept = region.len() - by;
        region.iter_mut().skip(kept).for_each(Cell::reset);
    } else {
        region.rotate_right(by);
        region.iter_mut().take(by).for_each(Cell::reset);
    }
}
