//! The stats tab: charts of CPU, memory, network, block I/O and processes, and a table of figures.
//!
//! The window is five minutes or an hour. A column stands for several seconds and is drawn when it
//! is complete, so that the charts move only when one is, and nothing is written in between.

mod figures;
mod panel;
mod subject;
mod window;

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use self::figures::figures;
use self::panel::{PANELS, Panel};
use self::subject::Subject;
use self::window::Window;
use super::{Answer, Pane, Scene, Target};
use crate::action::Action;
use crate::config::Role;
use crate::console::Effect;
use crate::console::widget::Scroll;
use crate::console::widget::chart::{AXIS, Band, Chart};

/// Rows below which a chart tells nothing.
const CHART_ROWS: u16 = 5;

/// The state of the tab.
#[derive(Default)]
pub(super) struct Stats {
    window: Window,
    scroll: Scroll,
    target: Option<Target>,
    cols: u16,
    rows: u16,
}

/// How many panels beside and under one another an area holds.
fn grid(cols: u16, rows: u16) -> (u16, u16) {
    let across = match cols {
        0..60 => 1,
        60..150 => 2,
        _ => 3,
    };
    let all = (PANELS as u16).div_ceil(across);
    (across, (rows / CHART_ROWS).clamp(1, all))
}

impl Stats {
    fn panel(&self, panel: Panel, subject: &Subject<'_>, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let theme = scene.look.theme;
        let glyphs = scene.look.glyphs;
        if panel == Panel::Figures {
            figures(subject, scene, area, buf);
            return;
        }
        let (step, slices) = self.window.slices(area.width.saturating_sub(AXIS));
        let (from, to) = span(scene.now, step, slices);
        let mut bands: Vec<Band> = panel
            .metrics()
            .iter()
            .map(|(metric, name, role)| Band {
                name,
                values: subject.columns(*metric, from, to, slices),
                style: theme.style(*role),
            })
            .collect();
        if bands.iter().all(|b| b.values.iter().all(Option::is_none)) {
            // Nothing is complete yet: the first column may show what there is so far.
            let next = SignedDuration::from_secs(step);
            for (band, (metric, ..)) in bands.iter_mut().zip(panel.metrics()) {
                band.values = subject.columns(
                    *metric,
                    from.saturating_add(next).unwrap_or(from),
                    to.saturating_add(next).unwrap_or(to),
                    slices,
                );
            }
        }
        let missing = if subject.series.iter().all(|s| s.newest().is_none()) {
            "no sample yet"
        } else {
            "not measured by this engine"
        };
        let title = Line::from(vec![
            Span::styled(panel.name(), theme.style(Role::Title)),
            Span::raw(" "),
            Span::styled(panel.now(&subject.usage, &subject.limits, glyphs.missing), theme.style(Role::Text)),
        ]);
        let ticks = self.window.ticks(step);
        let chart = Chart {
            title,
            bands,
            unit: panel.unit(),
            limit: panel.limit(&subject.limits),
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
}

/// The complete slices up to now, on a grid that does not move with now.
fn span(now: Timestamp, step: i64, slices: usize) -> (Timestamp, Timestamp) {
    let end = now.as_second().div_euclid(step) * step;
    let begin = end - step * i64::try_from(slices).unwrap_or(0);
    let at = |second| Timestamp::from_second(second).unwrap_or(now);
    (at(begin), at(end))
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
        Vec::new()
    }

    fn act(&mut self, action: Action, _scene: &Scene<'_>) -> Answer {
        if matches!(action, Action::Left | Action::Right) {
            self.window = if self.window == Window::Hour { Window::Minutes5 } else { Window::Hour };
            return Answer::said(format!("the last {}", self.window.words()));
        }
        // One step is one row of charts.
        let (across, down) = grid(self.cols, self.rows);
        let all = PANELS.div_ceil(usize::from(across));
        if self.scroll.act(action, all, usize::from(down)) { Answer::done() } else { Answer::Pass }
    }

    fn status(&self, _scene: &Scene<'_>) -> String {
        format!("the last {} (left/right)", self.window.words())
    }

    fn render(&self, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let subject = Subject::of(scene);
        let (across, down) = grid(area.width, area.height);
        let all = PANELS.div_ceil(usize::from(across));
        let first = self.scroll.top(all, usize::from(down)) * usize::from(across);
        let mut panels = Panel::ALL.into_iter().skip(first);
        let mut top = area.y;
        for row in 0..down {
            let height = (area.height + down - 1 - row) / down;
            let mut left = area.x;
            for col in 0..across {
                let width = (area.width + across - 1 - col) / across;
                let Some(panel) = panels.next() else { return };
                // One column of air between neighbours.
                let air = u16::from(col + 1 < across).min(width - 1);
                self.panel(panel, &subject, scene, Rect { x: left, y: top, width: width - air, height }, buf);
                left += width;
            }
            top += height;
        }
    }
}
