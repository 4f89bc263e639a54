//! Where a page of lines stands, and what the moving actions do to it.

use crate::action::Action;

/// The first shown line of a text of known length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    top: usize,
}

impl Scroll {
    /// The first line to show, so that a page of `rows` is full where the text allows it.
    pub fn top(self, total: usize, rows: usize) -> usize {
        self.top.min(total.saturating_sub(rows))
    }

    /// Move by lines, within the text.
    pub fn by(&mut self, lines: isize, total: usize, rows: usize) {
        let top = self.top(total, rows).saturating_add_signed(lines);
        self.top = top.min(total.saturating_sub(rows));
    }

    /// To the first line.
    pub fn home(&mut self) {
        self.top = 0;
    }

    /// Do what a moving action asks; `false` when it is not one.
    pub fn act(&mut self, action: Action, total: usize, rows: usize) -> bool {
        let Some(lines) = step(action, rows) else { return false };
        self.by(lines, total, rows);
        true
    }
}

/// How many lines a moving action moves a page of `rows`; `None` when it is not one.
pub fn step(action: Action, rows: usize) -> Option<isize> {
    let page = isize::try_from(rows.max(2) - 1).unwrap_or(isize::MAX);
    let half = isize::try_from((rows / 2).max(1)).unwrap_or(isize::MAX);
    Some(match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -page,
        Action::PageDown => page,
        Action::HalfPageUp => -half,
        Action::HalfPageDown => half,
        Action::Top => isize::MIN,
        Action::Bottom => isize::MAX,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_scrolls_past_either_end() {
        let mut scroll = Scroll::default();
        assert!(scroll.act(Action::Bottom, 100, 10));
        assert_eq!(scroll.top(100, 10), 90);
        scroll.act(Action::PageDown, 100, 10);
        assert_eq!(scroll.top(100, 10), 90);
        scroll.act(Action::Up, 100, 10);
        assert_eq!(scroll.top(100, 10), 89);
        // The text became shorter than the page.
        assert_eq!(scroll.top(5, 10), 0);
        scroll.act(Action::Top, 100, 10);
        assert_eq!(scroll.top(100, 10), 0);
        scroll.act(Action::HalfPageUp, 100, 0);
        assert_eq!(scroll.top(100, 0), 0);
        assert!(!scroll.act(Action::Quit, 100, 10));
    }
}
