//! The stats tab: charts of usage.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Pane, Scene};
use crate::action::Action;
use crate::console::Effect;

/// The state of the tab.
pub(super) struct Stats {
    hour: bool,
    #[allow(dead_code)]
    local: TimeZone,
}

impl Stats {
    pub(super) fn new(local: TimeZone) -> Self {
        Self { hour: false, local }
    }
}

impl Pane for Stats {
    fn set_viewport(&mut self, _width: u16, _height: u16) {}

    fn show(&mut self, _scene: &Scene<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, action: Action, _scene: &Scene<'_>) -> Answer {
        match action {
            Action::Left | Action::Right => {
                self.hour = !self.hour;
                Answer::done()
            }
            _ => Answer::Pass,
        }
    }

    fn status(&self, _scene: &Scene<'_>) -> String {
        if self.hour { "1 h" } else { "5 min" }.to_owned()
    }

    fn render(&self, _scene: &Scene<'_>, _area: Rect, _buf: &mut Buffer) {}
}
