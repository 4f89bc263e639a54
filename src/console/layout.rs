//! Where everything is: terminal size and what is open → rectangles.
//!
//! Pure. The view draws by it and the mouse is understood by it, so both always agree. What does
//! not fit has a height of 0; nothing ever lies outside the terminal.

use ratatui::layout::Rect;

use crate::engine::TermSize;

/// What decides the layout besides the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The lower pane is open.
    pub pane: bool,
    /// The pane has the focus (on a screen too small for both halves it is the one shown).
    pub pane_focused: bool,
    /// The focused half alone.
    pub fullscreen: bool,
    /// Rows the user made the pane taller (or lower) than by default.
    pub grow: i16,
    /// Rows for operations under way.
    pub jobs: u16,
}

/// The rectangles of the main screen, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Layout {
    /// Name, engine, counts, host, badges.
    pub header: Rect,
    /// What is wrong and what changed.
    pub situation: Rect,
    /// The grid's column heads.
    pub head: Rect,
    /// The grid's rows.
    pub grid: Rect,
    /// The pane's title and tabs.
    pub title: Rect,
    /// The pane's inside.
    pub pane: Rect,
    /// Operations under way.
    pub jobs: Rect,
    /// Keys, notices, input line.
    pub footer: Rect,
}

/// Screens lower than this show one half at a time.
const BOTH: u16 = 14;
/// Rows operations under way have at most.
const JOBS: u16 = 4;
/// The pane's share of the body, in percent, by default.
const SHARE: u16 = 45;

impl Layout {
    /// Lay out a terminal of that size.
    pub fn of(size: TermSize, wish: Wish) -> Self {
        let mut rest = Rect::new(0, 0, size.cols, size.rows);
        let mut layout = Self::default();
        // What goes first when the screen gets lower: situation, then footer, then header. The
        // header stays longest because it carries DEMO and READ-ONLY.
        if size.rows >= 3 {
            layout.header = take_top(&mut rest, 1);
        }
        if size.rows >= 6 {
            layout.situation = take_top(&mut rest, 1);
        }
        if size.rows >= 4 {
            layout.footer = take_bottom(&mut rest, 1);
        }
        if size.rows >= BOTH {
            layout.jobs = take_bottom(&mut rest, wish.jobs.min(JOBS));
        }
        let one = wish.fullscreen || size.rows < BOTH;
        let pane_only = wish.pane && wish.pane_focused && one;
        if pane_only {
            let title = u16::from(rest.height > 1);
            layout.title = take_top(&mut rest, title);
            layout.pane = rest;
            return layout;
        }
        if wish.pane && !one {
            let most = rest.height.saturating_sub(4);
            let by_default = i32::from(rest.height) * i32::from(SHARE) / 100;
            let wanted = by_default + i32::from(wish.grow);
            let height = u16::try_from(wanted.clamp(3, i32::from(most.max(3)))).unwrap_or(3);
            let mut half = take_bottom(&mut rest, height);
            layout.title = take_top(&mut half, 1);
            layout.pane = half;
        }
        let head = u16::from(rest.height > 2);
        layout.head = take_top(&mut rest, head);
        layout.grid = rest;
        layout
    }

    /// A rectangle in the middle, for dialogs: at most that large, inside the screen.
    pub fn centred(size: TermSize, width: u16, height: u16) -> Rect {
        let width = width.min(size.cols);
        let height = height.min(size.rows);
        Rect::new((size.cols - width) / 2, (size.rows - height) / 2, width, height)
    }
}

fn take_top(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    let taken = Rect { height: rows, ..*rest };
    rest.y += rows;
    rest.height -= rows;
    taken
}

fn take_bottom(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    rest.height -= rows;
    Rect { y: rest.y + rest.height, height: rows, ..*rest }
}

#[cfg(test)]
mod tests {
    use super::{Layout, Wish};
    use crate::engine::TermSize;

    const WISH: Wish = Wish { pane: true, pane_focused: false, fullscreen: false, grow: 0, jobs: 0 };

    fn stacked(layout: &Layout) -> Vec<u16> {
        [
            layout.header,
            layout.situation,
            layout.head,
            layout.grid,
            layout.title,
            layout.pane,
            layout.jobs,
            layout.footer,
        ]
        .iter()
        .map(|r| r.height)
        .collect()
    }

    #[test]
    fn eighty_by_twenty_four_shows_everything() {
        let layout = Layout::of(TermSize { cols: 80, rows: 24 }, WISH);
        assert_eq!(stacked(&layout), [1, 1, 1, 11, 1, 8, 0, 1]);
    }

    #[test]
    fn every_size_is_filled_exactly() {
        for rows in 0..60 {
            for grow in [-50, -3, 0, 3, 50] {
                for (pane, pane_focused, fullscreen) in [
                    (false, false, false),
                    (true, false, false),
                    (true, true, false),
                    (true, true, true),
                    (true, false, true),
                ] {
                    let wish = Wish { pane, pane_focused, fullscreen, grow, jobs: rows % 6 };
                    let layout = Layout::of(TermSize { cols: 10, rows }, wish);
                    assert_eq!(stacked(&layout).iter().sum::<u16>(), rows, "{rows} rows, {wish:?}");
                }
            }
        }
    }

    #[test]
    fn the_pane_grows_until_the_grid_has_three_rows() {
        let layout = Layout::of(TermSize { cols: 80, rows: 24 }, Wish { grow: 99, ..WISH });
        assert_eq!(layout.grid.height, 3);
        let layout = Layout::of(TermSize { cols: 80, rows: 24 }, Wish { grow: -99, ..WISH });
        assert_eq!(layout.pane.height, 2);
    }

    #[test]
    fn a_low_screen_shows_the_focused_half() {
        let size = TermSize { cols: 80, rows: 10 };
        assert_eq!(Layout::of(size, WISH).pane.height, 0);
        let focused = Layout::of(size, Wish { pane_focused: true, ..WISH });
        assert_eq!((focused.grid.height, focused.pane.height), (0, 6));
    }
}
