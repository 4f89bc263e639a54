//! The tree tab: whom a service needs, or who needs it; each with how it stands and how the tie is
//! seen. A line can be selected, and gone to.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Answer, Pane, Scene, Target, scope, words};
use crate::action::Action;
use crate::config::{Glyphs, Role};
use crate::console::Effect;
use crate::console::widget::{scroll, text};
use crate::fleet::{Branch, Cause, Causes, How, Leaf, ServiceId, Since, Way};
use crate::text::human;

/// Columns of names at most.
const NAMES: usize = 44;

/// The state of the tab.
pub(super) struct Tree {
    target: Option<Target>,
    way: Way,
    /// What is selected, and which of the lines about it.
    selected: Option<(Leaf, usize)>,
    /// The first line of the tree on screen.
    top: usize,
    page: u16,
}

impl Default for Tree {
    fn default() -> Self {
        Self { target: None, way: Way::Needs, selected: None, top: 0, page: 10 }
    }
}

impl Tree {
    fn branches(&self, scene: &Scene<'_>) -> Vec<Branch> {
        let services = scope::services(scene.fleet, scene.target);
        let ids: Vec<&ServiceId> = services.into_iter().map(|service| &service.id).collect();
        let several = ids.len() > 1;
        let meant = ids.into_iter().filter(|id| !several || scene.fleet.is_service(id));
        scene.fleet.dependencies().tree(&meant.collect::<Vec<_>>(), self.way)
    }

    /// Which line is selected: the first where what was selected is gone.
    fn at(&self, branches: &[Branch]) -> usize {
        let Some((leaf, nth)) = &self.selected else { return 0 };
        let mut same = branches.iter().enumerate().filter(|(_, branch)| branch.leaf == *leaf);
        let first = same.clone().next().map_or(0, |(at, _)| at);
        same.nth(*nth).map_or(first, |(at, _)| at)
    }

    fn select(&mut self, branches: &[Branch], at: usize, rows: usize) {
        let Some(branch) = branches.get(at) else { return };
        let nth = branches.iter().take(at).filter(|before| before.leaf == branch.leaf).count();
        self.selected = Some((branch.leaf.clone(), nth));
        self.top = first_row(self.top, at, branches.len(), rows);
    }

    /// Rows for the tree: below the heading, and what is said under it.
    fn rows(&self, scene: &Scene<'_>) -> usize {
        usize::from(self.page).saturating_sub(head(scene, self.way).len()).max(1)
    }

    fn go(&self, scene: &Scene<'_>) -> Answer {
        let branches = self.branches(scene);
        match branches.get(self.at(&branches)).map(|branch| &branch.leaf) {
            None => Answer::Refused("there is nothing to go to".to_owned()),
            Some(Leaf::Outside(path)) => {
                Answer::Refused(format!("{path} is no service here: there is nothing of it to see"))
            }
            Some(Leaf::Service(id)) if scope::service_of(scene.fleet, scene.target).as_ref() == Some(id) => {
                Answer::Refused(format!("this is {} already", id.name))
            }
            Some(Leaf::Service(id)) => Answer::Go(Target::Service(id.clone())),
        }
    }
}

/// The first row to show so that the selected one is among them.
fn first_row(top: usize, at: usize, total: usize, rows: usize) -> usize {
    top.min(at).max((at + 1).saturating_sub(rows)).min(total.saturating_sub(rows))
}

/// What stands above the tree.
fn head(scene: &Scene<'_>, way: Way) -> Vec<(Role, String)> {
    let name = scope::title(scene.fleet, scene.target);
    let of_project = matches!(scene.target, Target::Project(_));
    let (title, other) = match (way, of_project) {
        (Way::Needs, false) => (format!("whom {name} needs"), "who needs it"),
        (Way::Impact, false) => (format!("who needs {name}"), "whom it needs"),
        (Way::Needs, true) => (format!("who needs whom in {name}"), "the other way round"),
        (Way::Impact, true) => (format!("whom what takes along in {name}"), "the other way round"),
    };
    let mut lines = vec![(Role::Title, format!("{title}  (left/right: {other})"))];
    let causes = scene.fleet.causes(scene.now);
    if let Some(sentence) = told(scene, &causes) {
        lines.push((Role::Warn, sentence));
    }
    if let Some(id) = scope::service_of(scene.fleet, scene.target) {
        let struck = scene.fleet.dependencies().impact(&id);
        let names: Vec<String> = struck.iter().map(|it| it.service.name.to_string()).collect();
        if way == Way::Needs && !names.is_empty() {
            lines.push((Role::Dim, format!("without it fail: {}", human::list(&names, 6))));
        }
    }
    lines
}

/// Where to look first, where that is about the target.
fn told(scene: &Scene<'_>, causes: &Causes) -> Option<String> {
    let Some(id) = scope::service_of(scene.fleet, scene.target) else {
        let concerns = |cause: &&Cause| match scene.target {
            Target::Project(project) => {
                cause.service.project == *project || cause.explains.iter().any(|id| id.project == *project)
            }
            _ => false,
        };
        return causes.first().iter().filter(concerns).find_map(Cause::sentence);
    };
    match causes.because(&id) {
        Some(cause) => Some(format!("look first at {}: {} is not well because of it", cause.name, id.name)),
        None => causes.explaining(&id).and_then(|(_, cause)| cause.sentence()),
    }
}

impl Pane for Tree {
    fn set_viewport(&mut self, _width: u16, height: u16) {
        self.page = height;
    }

    fn show(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        if self.target.as_ref() != Some(scene.target) {
            self.target = Some(scene.target.clone());
            (self.selected, self.top) = (None, 0);
        }
        Vec::new()
    }

    fn click(&mut self, _col: u16, row: u16, scene: &Scene<'_>) -> Answer {
        let branches = self.branches(scene);
        let rows = self.rows(scene);
        let above = head(scene, self.way).len();
        let top = first_row(self.top, self.at(&branches), branches.len(), rows);
        match usize::from(row).checked_sub(above).map(|row| top + row) {
            Some(at) if at < branches.len() => {
                self.select(&branches, at, rows);
                Answer::done()
            }
            _ => Answer::Pass,
        }
    }

    fn act(&mut self, action: Action, scene: &Scene<'_>) -> Answer {
        match action {
            Action::Left | Action::Right => {
                self.way = if self.way == Way::Needs { Way::Impact } else { Way::Needs };
                (self.selected, self.top) = (None, 0);
                Answer::done()
            }
            Action::Open => self.go(scene),
            _ => {
                let rows = self.rows(scene);
                let Some(lines) = scroll::step(action, rows) else { return Answer::Pass };
                let branches = self.branches(scene);
                let at =
                    self.at(&branches).saturating_add_signed(lines).min(branches.len().saturating_sub(1));
                self.select(&branches, at, rows);
                Answer::done()
            }
        }
    }

    fn status(&self, scene: &Scene<'_>) -> String {
        let Some(id) = scope::service_of(scene.fleet, scene.target) else { return String::new() };
        match scene.fleet.dependencies().impact(&id).len() {
            0 => "nobody needs it".to_owned(),
            1 => "1 needs it".to_owned(),
            n => format!("{n} need it"),
        }
    }

    fn render(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let theme = scene.look.theme;
        let (cols, height) = (usize::from(area.width), usize::from(area.height));
        let mut lines: Vec<Line<'static>> = head(scene, self.way)
            .into_iter()
            .map(|(role, told)| {
                Line::styled(text::clip(&told, cols, scene.look.glyphs.ellipsis), theme.style(role))
            })
            .collect();
        let branches = self.branches(scene);
        let rows = height.saturating_sub(lines.len()).max(1);
        let at = self.at(&branches);
        let top = first_row(self.top, at, branches.len(), rows);
        let causes = scene.fleet.causes(scene.now);
        let shown: Vec<(usize, &Branch)> = branches.iter().enumerate().skip(top).take(rows).collect();
        let names: Vec<String> = shown.iter().map(|(_, branch)| name(scene, branch)).collect();
        let widest = names.iter().map(|name| text::width(name)).max().unwrap_or(0).min(NAMES).min(cols / 2);
        let selected = (lines.len() + at).checked_sub(top);
        for ((_, branch), name) in shown.iter().zip(&names) {
            lines.push(line(scene, branch, name, widest, &causes));
        }
        if branches.len() == 1 && branches.iter().all(|it| it.more.is_empty()) {
            let none = match self.way {
                Way::Needs => "nothing is seen that it needs: no depends_on, no variable with a host in it",
                Way::Impact => "nobody is seen to need it",
            };
            lines.push(Line::styled(format!("   {none}"), theme.style(Role::Dim)));
        }
        for (row, line) in (0..area.height).zip(&lines) {
            text::put(buf, area, row, line);
            if Some(usize::from(row)) == selected && !branches.is_empty() {
                let at = Rect { y: area.y + row, height: 1, ..area };
                buf.set_style(at, theme.style(Role::Selected));
            }
        }
    }
}

/// `│  └─ postgres`, before which there is room for a glyph.
fn name(scene: &Scene<'_>, branch: &Branch) -> String {
    let own = match scene.target {
        Target::Project(project) => project.clone(),
        _ => scope::service_of(scene.fleet, scene.target).and_then(|id| id.project),
    };
    let name = match &branch.leaf {
        Leaf::Service(id) if id.project == own => id.name.to_string(),
        Leaf::Service(id) => id.path(),
        Leaf::Outside(path) => path.clone(),
    };
    format!("{}{name}", branch.stem(*scene.look.glyphs == Glyphs::ASCII))
}

fn line(scene: &Scene<'_>, branch: &Branch, name: &str, widest: usize, causes: &Causes) -> Line<'static> {
    let style = |role| scene.look.theme.style(role);
    let name = text::clip(name, widest, scene.look.glyphs.ellipsis);
    let pad = " ".repeat(widest.saturating_sub(text::width(&name)));
    let mut spans = Vec::new();
    match &branch.leaf {
        Leaf::Outside(_) => {
            spans.push(Span::styled(format!("   {name}{pad}  outside"), style(Role::Dim)));
        }
        Leaf::Service(id) => {
            let health = scene.fleet.summary(id, scene.now).map(|summary| summary.health);
            let (glyph, role) = match &health {
                Some(since) => words::health(since.health, scene.look.glyphs),
                None => (scene.look.glyphs.missing, Role::Dim),
            };
            spans.push(Span::styled(format!(" {glyph} "), style(role)));
            spans.push(Span::styled(format!("{name}{pad}  "), style(Role::Text)));
            if branch.above {
                spans.push(Span::styled("(see above)", style(Role::Dim)));
            } else if let Some(since) = health {
                spans.push(Span::styled(standing(scene, &since, causes.because(id)), style(role)));
            }
        }
    }
    if !branch.how.is_empty() {
        let how: Vec<&str> = branch.how.iter().map(How::word).collect();
        spans.push(Span::styled(format!("  {}", how.join(" ")), style(Role::Dim)));
    }
    Line::from(spans)
}

fn standing(scene: &Scene<'_>, since: &Since, because: Option<&ServiceId>) -> String {
    let mut told = since.health.word().to_owned();
    if let Some(at) = since.at.filter(|_| !since.health.is_well()) {
        let _ = write!(told, " {}", human::age_at(at, scene.now));
    }
    match because {
        // That says more than what it came to.
        Some(cause) => {
            let _ = write!(told, " because of {}", cause.name);
        }
        None if !since.why.is_empty() => {
            let _ = write!(told, ": {}", since.why);
        }
        None => {}
    }
    told
}
