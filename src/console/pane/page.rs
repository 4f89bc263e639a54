//! A tab that is a page of text: what it is built by, where it stands, what is looked for in it.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::dossier::{Dossier, Known};
use super::sheet::{Sheet, View};
use super::{Answer, Input, Masked, Pane, Scene, Target};
use crate::action::Action;
use crate::config::Role;
use crate::console::Effect;
use crate::console::widget::{Scroll, text};
use crate::engine::{Details, EngineError, Secrets};
use crate::fleet::{Changes, ReplicaId};

/// What a page needs besides the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing.
    Nothing,
    /// The details of the replica it shows.
    Details,
    /// The same, and again whenever its health check should have run.
    Watching,
}

/// Fills a sheet with what a page shows.
pub(super) type Build = for<'a> fn(&View<'a>, &mut Sheet<'a>);

/// The state of a page.
pub(super) struct Page {
    build: Build,
    asks: Asks,
    dossier: Dossier,
    target: Option<Target>,
    scroll: Scroll,
    find: String,
    /// Shown unmasked, of that replica; gone as soon as it is not shown any more.
    secrets: Option<(ReplicaId, Secrets)>,
    cols: u16,
    rows: u16,
}

impl Page {
    /// A page about nothing yet.
    pub(super) fn new(build: Build, asks: Asks) -> Self {
        Self {
            build,
            asks,
            dossier: Dossier::default(),
            target: None,
            scroll: Scroll::default(),
            find: String::new(),
            secrets: None,
            cols: 80,
            rows: 10,
        }
    }

    fn text(&self, scene: &Scene<'_>, cols: u16) -> Vec<Line<'static>> {
        let zone = if scene.look.utc { TimeZone::UTC } else { TimeZone::system() };
        let mut sheet = Sheet::new(scene.look, cols);
        let shown = self.dossier.shown(scene).map(|replica| &replica.id);
        let secrets = self.secrets.as_ref().filter(|(of, _)| Some(of) == shown).map(|(_, secrets)| secrets);
        (self.build)(&View { scene, dossier: &self.dossier, secrets, zone: &zone }, &mut sheet);
        sheet.rows(&self.find)
    }

    fn want(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        if matches!(scene.target, Target::Project(_)) {
            return Vec::new();
        }
        match self.asks {
            Asks::Nothing => Vec::new(),
            Asks::Details => self.dossier.want(scene, false),
            Asks::Watching => self.dossier.want(scene, true),
        }
    }
}

impl Pane for Page {
    fn set_viewport(&mut self, width: u16, height: u16) {
        (self.cols, self.rows) = (width, height);
    }

    fn show(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        if self.target.as_ref() != Some(scene.target) {
            self.target = Some(scene.target.clone());
            self.dossier.retarget();
            self.scroll.home();
            self.secrets = None;
        }
        self.want(scene)
    }

    fn hide(&mut self) -> Vec<Effect> {
        self.secrets = None;
        Vec::new()
    }

    fn release(&mut self) -> Vec<Effect> {
        self.secrets = None;
        Vec::new()
    }

    fn observe(&mut self, _changes: Changes, scene: &Scene<'_>) -> Vec<Effect> {
        let shown = self.dossier.shown(scene).map(|replica| &replica.id);
        if self.secrets.as_ref().is_some_and(|(of, _)| Some(of) != shown) {
            self.secrets = None;
        }
        // Usage comes every second, so this is also the clock by which health results are renewed.
        self.want(scene)
    }

    fn act(&mut self, action: Action, scene: &Scene<'_>) -> Answer {
        match action {
            Action::Cancel if !self.find.is_empty() => {
                self.find.clear();
                self.scroll.home();
                Answer::done()
            }
            Action::Cancel if self.conceal() => Answer::said("masked again"),
            Action::Left | Action::Right
                if self.asks != Asks::Nothing && !matches!(scene.target, Target::Project(_)) =>
            {
                if !self.dossier.turn(scene, if action == Action::Left { -1 } else { 1 }) {
                    return Answer::Refused("there is no other replica to show".into());
                }
                self.scroll.home();
                self.secrets = None;
                Answer::effects(self.want(scene))
            }
            _ => {
                let total = self.text(scene, self.cols).len();
                if self.scroll.act(action, total, usize::from(self.rows)) {
                    Answer::done()
                } else {
                    Answer::Pass
                }
            }
        }
    }

    fn input(&self, _kind: Input) -> Option<String> {
        Some(self.find.clone())
    }

    fn set_input(&mut self, _kind: Input, text: &str) -> Result<(), String> {
        text.clone_into(&mut self.find);
        self.scroll.home();
        Ok(())
    }

    fn inspected(&mut self, replica: &ReplicaId, result: &Result<Details, EngineError>) -> bool {
        self.dossier.receive(replica, result)
    }

    fn masked(&self, scene: &Scene<'_>) -> Result<Masked, String> {
        if self.asks != Asks::Details || matches!(scene.target, Target::Project(_)) {
            return Err("a service or a replica has masked values: select one".to_owned());
        }
        let Some(replica) = self.dossier.shown(scene) else {
            return Err("it has no replica: there is nothing to reveal".to_owned());
        };
        let Known::Details(details, _) = self.dossier.known(&replica.id) else {
            return Err("what is masked is being asked: try again in a moment".to_owned());
        };
        let names = Secrets::masked(&details.env);
        if names.is_empty() {
            return Err(format!("nothing in the environment of {} is masked", replica.name));
        }
        let (name, service) = (replica.name.to_string(), replica.service.clone());
        Ok(Masked { replica: replica.id.clone(), name, service, names })
    }

    fn revealed(&mut self, replica: &ReplicaId, secrets: Secrets, scene: &Scene<'_>) -> bool {
        let still = self.dossier.shown(scene).is_some_and(|shown| shown.id == *replica);
        if still {
            self.secrets = Some((replica.clone(), secrets));
        }
        still
    }

    fn conceal(&mut self) -> bool {
        self.secrets.take().is_some()
    }

    fn status(&self, _scene: &Scene<'_>) -> String {
        if self.find.is_empty() { String::new() } else { format!("/{}", self.find) }
    }

    fn render(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let lines = self.text(scene, area.width);
        let dim = scene.look.theme.style(Role::Dim);
        if lines.is_empty() && !self.find.is_empty() {
            let none = Line::styled(format!("nothing here contains '{}'", self.find), dim);
            text::put(buf, area, 0, &none);
            return;
        }
        let rows = usize::from(area.height);
        let top = self.scroll.top(lines.len(), rows);
        for (row, line) in (0..area.height).zip(lines.iter().skip(top)) {
            text::put(buf, area, row, line);
        }
        let below = lines.len().saturating_sub(top + rows);
        if below > 0 && area.width > 24 && area.height > 1 {
            // Over the end of the last row, where text is rarest.
            let more = format!(" {below} more {} ", scene.look.glyphs.descending);
            let cols = u16::try_from(text::width(&more)).unwrap_or(u16::MAX).min(area.width);
            let corner = Rect { x: area.right() - cols, y: area.bottom() - 1, width: cols, height: 1 };
            text::put(buf, corner, 0, &Line::styled(more, dim));
        }
    }
}
