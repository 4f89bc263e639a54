//! The stats tab: charts of CPU, memory, network, block I/O and processes, a table of figures, and
//! what the service says of itself.
//!
//! The window is five minutes or an hour. A column stands for several seconds and is drawn when it
//! is complete, so that the charts move only when one is, and nothing is written in between.

mod figures;
mod measured;
mod panel;
mod picture;
mod window;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use self::figures::figures;
use self::panel::Panel;
use self::picture::{Cut, Picture};
use self::window::Window;
use super::{Answer, Pane, Scene, Target};
use crate::action::Action;
use crate::config::Role;
use crate::console::Effect;
use crate::console::widget::Scroll;
use crate::console::widget::chart::{AXIS, Band, Chart};
use crate::fleet::Changes;
use crate::text::human;

/// Rows below which a chart tells nothing.
const CHART_ROWS: u16 = 5;

/// The state of the tab.
#[derive(Default)]
pub(super) struct Stats {
    window: Window,
    scroll: Scroll,
    target: Option<Target>,
    picture: Option<Picture>,
    cols: u16,
    rows: u16,
}

/// How many of `panels` an area holds beside and under one another.
fn grid(panels: usize, cols: u16, rows: u16) -> (u16, u16) {
    let across = match cols {
        0..60 => 1,
        60..150 => 2,
        _ => 3,
    };
    let all = (panels as u16).div_ceil(across);
    (across, (rows / CHART_ROWS).clamp(1, all))
}

impl Stats {
    /// How time is cut on an area: the same for all charts on it.
    fn cut(&self, cols: u16) -> Cut {
        let (across, _) = grid(1, cols, CHART_ROWS);
        let (step, slices) = self.window.slices((cols / across).saturating_sub(AXIS + 1));
        Cut { step, slices }
    }

    /// Keep a picture for the area the tab will be drawn in.
    fn prepare(&mut self, scene: &Scene<'_>) {
        let cut = self.cut(self.cols);
        match &mut self.picture {
            Some(picture) if picture.is_of(scene, cut) => picture.refresh(scene),
            picture => *picture = Some(Picture::new(scene, cut)),
        }
    }

    fn panel(&self, panel: Panel, picture: &Picture, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let theme = scene.look.theme;
        let glyphs = scene.look.glyphs;
        if panel == Panel::Figures {
            figures(picture, scene, area, buf);
            return;
        }
        if panel == Panel::Measured {
            measured::draw(&picture.measured, scene, area, buf);
            return;
        }
        if panel == Panel::Latency {
            self.latency(picture, scene, area, buf);
            return;
        }
        let bands: Vec<Band> = panel
            .metrics()
            .iter()
            .map(|(metric, name, role)| Band {
                name,
                values: picture.columns(*metric).to_vec(),
                style: theme.style(*role),
            })
            .collect();
        let missing = if picture.sampled { "not measured by this engine" } else { "no sample yet" };
        let title = Line::from(vec![
            Span::styled(panel.name(), theme.style(Role::Title)),
            Span::raw(" "),
            Span::styled(panel.now(&picture.usage, &picture.limits, glyphs.missing), theme.style(Role::Text)),
        ]);
        let ticks = self.window.ticks(picture.step());
        let chart = Chart {
            title,
            bands,
            unit: panel.unit(),
            limit: panel.limit(&picture.limits),
            ticks: &ticks,
            missing,
            axis: theme.style(Role::Axis),
            limit_style: theme.style(Role::Warn),
            steps: glyphs.spark,
            bar: glyphs.bar,
            line: glyphs.line,
        };
        chart.render(area, buf);
    }

    /// How long answers took, and how many failed.
    fn latency(&self, picture: &Picture, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let theme = scene.look.theme;
        let glyphs = scene.look.glyphs;
        let words = picture.answered.map_or_else(
            || glyphs.missing.to_owned(),
            |answered| {
                let took = answered.took.map_or_else(String::new, |took| {
                    format!("p50 {}  p95 {}  ", human::latency(took.p50), human::latency(took.p95))
                });
                format!("{took}errors {}%", human::hundredths(answered.error_rate))
            },
        );
        let ticks = self.window.ticks(picture.step());
        let style = theme.style(Role::Chart1);
        let chart = Chart {
            title: Line::from(vec![
                Span::styled(Panel::Latency.name(), theme.style(Role::Title)),
                Span::raw(" "),
                Span::styled(words, theme.style(Role::Text)),
            ]),
            bands: vec![Band { name: "", values: picture.latency.clone(), style }],
            unit: Panel::Latency.unit(),
            limit: None,
            ticks: &ticks,
            missing: "no good answer yet",
            axis: theme.style(Role::Axis),
            limit_style: theme.style(Role::Warn),
            steps: glyphs.spark,
            bar: glyphs.bar,
            line: glyphs.line,
        };
        chart.render(area, buf);
    }
}

impl Pane for Stats {
    fn set_viewport(&mut self, width: u16, height: u16) {
        (self.cols, self.rows) = (width, height);
    }

    fn show(&mut self, scene: &Scene<'_>) -> Vec<Effect> {
        if self.target.as_ref() != Some(scene.target) {
            self.target = Some(scene.target.clone());
            self.scroll.home();
        }
        self.prepare(scene);
        Vec::new()
    }

    fn hide(&mut self) -> Vec<Effect> {
        self.picture = None;
        Vec::new()
    }

    fn observe(&mut self, _changes: Changes, scene: &Scene<'_>) -> Vec<Effect> {
        self.prepare(scene);
        Vec::new()
    }

    fn act(&mut self, action: Action, scene: &Scene<'_>) -> Answer {
        if matches!(action, Action::Left | Action::Right) {
            self.window = if self.window == Window::Hour { Window::Minutes5 } else { Window::Hour };
            self.prepare(scene);
            return Answer::said(format!("the last {}", self.window.words()));
        }
        // One step is one row of charts.
        let panels = self.picture.as_ref().map_or(1, |picture| Panel::of(picture).len());
        let (across, down) = grid(panels, self.cols, self.rows);
        let all = panels.div_ceil(usize::from(across));
        if self.scroll.act(action, all, usize::from(down)) { Answer::done() } else { Answer::Pass }
    }

    fn status(&self, _scene: &Scene<'_>) -> String {
        self.window.words().to_owned()
    }

    fn render(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        // What is kept is nearly always what is wanted; if not, the picture is made for this frame.
        let cut = self.cut(area.width);
        let made;
        let picture = match &self.picture {
            Some(kept) if kept.is_of(scene, cut) && kept.is_current(scene) => kept,
            Some(kept) if kept.is_of(scene, cut) => {
                let mut late = kept.clone();
                late.refresh(scene);
                made = late;
                &made
            }
            _ => {
                made = Picture::new(scene, cut);
                &made
            }
        };
        let panels = Panel::of(picture);
        let (across, down) = grid(panels.len(), area.width, area.height);
        let all = panels.len().div_ceil(usize::from(across));
        let first = self.scroll.top(all, usize::from(down)) * usize::from(across);
        let mut panels = panels.iter().copied().skip(first);
        let mut top = area.y;
        for row in 0..down {
            let height = (area.height + down - 1 - row) / down;
            let mut left = area.x;
            for col in 0..across {
                let width = (area.width + across - 1 - col) / across;
                let Some(panel) = panels.next() else { return };
                // One column of air between neighbours.
                let air = u16::from(col + 1 < across).min(width - 1);
                self.panel(panel, picture, scene, Rect { x: left, y: top, width: width - air, height }, buf);
                left += width;
            }
            top += height;
        }
    }
}
