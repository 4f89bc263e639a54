//! The logs tab.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Handled, Input, Scene, Target};
use crate::action::Action;
use crate::config::{LogSettings, Role};
use crate::console::Effect;
use crate::follow::{Batch, Subject};

/// The state of the tab.
pub(super) struct Logs {
    following: Option<Subject>,
    about: Option<Target>,
    number: u64,
}

impl Logs {
    pub(super) fn new(_settings: &LogSettings) -> Self {
        Self { following: None, about: None, number: 0 }
    }

    pub(super) fn set_viewport(&mut self, _cols: u16, _rows: u16) {}

    pub(super) fn retarget(&mut self) {}

    pub(super) fn is_about(&self, target: Option<&Target>) -> bool {
        self.about.as_ref() == target
    }

    pub(super) fn sync(
        &mut self,
        target: Option<&Target>,
        _scene: &Scene<'_>,
        shown: bool,
        keep: bool,
    ) -> Vec<Effect> {
        let wanted = if shown { target.cloned() } else { None };
        let subject = wanted.as_ref().map(|t| match t {
            Target::Project(name) => Subject::Project(name.clone()),
            Target::Service(id) => Subject::Service(id.clone()),
            Target::Replica(id) => Subject::Replica(id.clone()),
        });
        match subject {
            Some(subject) if self.following.as_ref() != Some(&subject) => {
                self.number += 1;
                self.about = wanted;
                self.following = Some(subject.clone());
                vec![Effect::Follow { number: self.number, subject, previous: false }]
            }
            None if self.following.is_some() && !keep => {
                self.following = None;
                self.about = None;
                vec![Effect::Unfollow]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn work(&mut self) {}

    pub(super) fn busy(&self) -> bool {
        false
    }

    pub(super) fn receive(&mut self, number: u64, _batch: Batch) -> bool {
        number == self.number
    }

    pub(super) fn act(&mut self, _action: Action, _scene: &Scene<'_>, _zone: &TimeZone) -> Handled {
        Handled::Ignored
    }

    pub(super) fn scroll(&mut self, _lines: isize, _scene: &Scene<'_>) {}

    pub(super) fn click(&mut self, _col: u16, _row: u16) -> Handled {
        Handled::Ignored
    }

    pub(super) fn input_opened(&mut self, _input: Input) -> String {
        String::new()
    }

    pub(super) fn set_input(&mut self, _input: Input, _typed: &str) -> Result<(), String> {
        Ok(())
    }

    pub(super) fn input_closed(&mut self, _input: Input, _keep: bool) {}

    pub(super) fn status(&self, _scene: &Scene<'_>) -> Vec<(String, Role)> {
        Vec::new()
    }

    pub(super) fn render(&self, _scene: &Scene<'_>, _zone: &TimeZone, _area: Rect, _buf: &mut Buffer) {}
}
