//! The timeline tab: what happened to the target, newest first.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Answer, Input, Pane, Scene, Target, words};
use crate::action::Action;
use crate::config::Role;
use crate::console::Effect;
use crate::console::widget::{Scroll, text};

/// The state of the tab.
#[derive(Default)]
pub(super) struct Timeline {
    target: Option<Target>,
    scroll: Scroll,
    filter: String,
    page: u16,
}

impl Timeline {
    fn rows(&self, scene: &Scene<'_>) -> Vec<Line<'static>> {
        let zone = if scene.look.utc { TimeZone::UTC } else { TimeZone::system() };
        let style = |role| scene.look.theme.style(role);
        let events = scene.fleet.events().rev().filter(|e| match scene.target {
            Target::Project(project) => e.service.project == *project,
            Target::Service(id) => e.service == *id,
            Target::Replica(id) => e.replica == *id,
        });
        let line = |e: &crate::fleet::Event| {
            let (what, role) = words::event(&e.kind);
            let name = scene
                .fleet
                .replica(&e.replica)
                .map_or_else(|| e.service.name.to_string(), |r| r.name.to_string());
            Line::from(vec![
                Span::styled(format!(" {}  ", words::clock(e.at, scene.now, &zone)), style(Role::Time)),
                Span::styled(format!("{name}  "), style(Role::Text)),
                Span::styled(what, style(role)),
            ])
        };
        events.map(line).filter(|l| self.filter.is_empty() || l.to_string().contains(&self.filter)).collect()
    }
}

impl Pane for Timeline {
    fn set_viewport(&mut self, _width: u16, height: u16) {
        self.page = height;
    }

    fn show(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        if self.target.as_ref() != Some(scene.target) {
            self.target = Some(scene.target.clone());
            self.scroll.home();
        }
        Vec::new()
    }

    fn act(&mut self, action: Action, scene: &Scene<'_>) -> Answer {
        match action {
            Action::Cancel if !self.filter.is_empty() => {
                self.filter.clear();
                self.scroll.home();
                Answer::done()
            }
            _ if self.scroll.act(action, self.rows(scene).len(), usize::from(self.page)) => Answer::done(),
            _ => Answer::Pass,
        }
    }

    fn input(&self, kind: Input) -> Option<String> {
        (kind == Input::Filter).then(|| self.filter.clone())
    }

    fn set_input(&mut self, _kind: Input, text: &str) -> Result<(), String> {
        text.clone_into(&mut self.filter);
        self.scroll.home();
        Ok(())
    }

    fn render(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let lines = self.rows(scene);
        let top = self.scroll.top(lines.len(), usize::from(area.height));
        for (row, line) in (0..area.height).zip(lines.iter().skip(top)) {
            text::put(buf, area, row, line);
        }
    }
}
