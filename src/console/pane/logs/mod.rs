//! The logs tab.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Pane, Scene, Target};
use crate::action::Action;
use crate::config::LogSettings;
use crate::console::Effect;
use crate::follow::{Batch, Subject};

/// The state of the tab.
pub(super) struct Logs {
    following: Option<Subject>,
    number: u64,
}

impl Logs {
    pub(super) fn new(_settings: &LogSettings) -> Self {
        Self { following: None, number: 0 }
    }
}

impl Pane for Logs {
    fn set_viewport(&mut self, _width: u16, _height: u16) {}

    fn show(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        let subject = match scene.target {
            Target::Project(name) => Subject::Project(name.clone()),
            Target::Service(id) => Subject::Service(id.clone()),
            Target::Replica(id) => Subject::Replica(id.clone()),
        };
        if self.following.as_ref() == Some(&subject) {
            return Vec::new();
        }
        self.number += 1;
        self.following = Some(subject.clone());
        vec![Effect::Follow { number: self.number, subject, previous: false }]
    }

    fn release(&mut self) -> Vec<Effect> {
        if self.following.take().is_some() { vec![Effect::Unfollow] } else { Vec::new() }
    }

    fn act(&mut self, _action: Action, _scene: &Scene<'_>) -> Answer {
        Answer::Pass
    }

    fn lines(&mut self, number: u64, _batch: &mut Batch) -> bool {
        number == self.number
    }

    fn render(&self, _scene: &Scene<'_>, _area: Rect, _buf: &mut Buffer) {}
}
