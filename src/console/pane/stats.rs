//! The stats tab: charts of usage.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::sheet::View;
use super::{Handled, Scene};
use crate::action::Action;
use crate::config::Role;

/// The state of the tab.
#[derive(Debug, Default)]
pub(super) struct Stats {
    hour: bool,
}

impl Stats {
    pub(super) fn act(&mut self, action: Action) -> Handled {
        match action {
            Action::Left | Action::Right => {
                self.hour = !self.hour;
                Handled::done()
            }
            _ => Handled::Ignored,
        }
    }

    pub(super) fn status(&self, _scene: &Scene<'_>) -> Vec<(String, Role)> {
        vec![(if self.hour { "1 h" } else { "5 min" }.to_owned(), Role::Dim)]
    }

    #[allow(clippy::unused_self)]
    pub(super) fn render(&self, _view: &View<'_>, _area: Rect, _buf: &mut Buffer) {}
}
