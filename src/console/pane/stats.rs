//! The stats tab: charts of CPU, memory, network, block I/O and processes, and a table of figures.
//!
//! The window is five minutes or an hour. A column stands for several seconds and is drawn when it
//! is complete, so that the charts move only when one is, and nothing is written in between.

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Answer, Pane, Scene, Target, scope};
use crate::action::Action;
use crate::config::Role;
use crate::console::Effect;
use crate::console::widget::chart::{AXIS, Band, Chart, Unit};
use crate::console::widget::{Scroll, text};
use crate::fleet::{Limits, Metric, Series, Usage};
use crate::text::human;

/// Rows below which a chart tells nothing.
const CHART_ROWS: u16 = 5;
/// Charts there are, the table of figures included.
const PANELS: usize = 6;

/// How far back the charts go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Window {
    #[default]
    Minutes5,
    Hour,
}

impl Window {
    fn seconds(self) -> i64 {
        match self {
            Self::Minutes5 => 300,
            Self::Hour => 3600,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Minutes5 => "5 min",
            Self::Hour => "1 h",
        }
    }

    /// Seconds a column stands for, so that the window fits into `cols` columns; and how many
    /// columns that makes.
    fn slices(self, cols: u16) -> (i64, usize) {
        const FINE: &[i64] = &[5, 10, 15, 30, 60, 150];
        const COARSE: &[i64] = &[30, 60, 120, 300, 600, 1800];
        let steps = if self == Self::Hour { COARSE } else { FINE };
        let fits = |step: &&i64| self.seconds() / **step <= i64::from(cols.max(1));
        let step = steps.iter().find(fits).copied().unwrap_or_else(|| self.seconds());
        (step, (self.seconds() / step) as usize)
    }

    /// The time axis for slices of `step` seconds.
    fn ticks(self, step: i64) -> Vec<(usize, String)> {
        let minute = if self == Self::Hour { 10 } else { 1 };
        let mut ticks = vec![(0, "now".to_owned())];
        for n in 1..=(self.seconds() / 60 / minute) {
            ticks.push(((n * minute * 60 / step) as usize, format!("-{}m", n * minute)));
        }
        ticks
    }
}

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

/// What the charts are about.
struct Subject<'a> {
    series: Vec<Series<'a>>,
    usage: Usage,
    limits: Limits,
}

impl<'a> Subject<'a> {
    fn of(scene: &Scene<'a>) -> Self {
        let (fleet, now) = (scene.fleet, scene.now);
        match scene.target {
            Target::Replica(id) => {
                let summary = fleet.replica_summary(id, now);
                Self {
                    series: fleet.history(id).into_iter().collect(),
                    usage: summary.as_ref().map(|s| s.usage).unwrap_or_default(),
                    limits: summary.map(|s| s.limits).unwrap_or_default(),
                }
            }
            Target::Service(id) => {
                let summary = fleet.summary(id, now);
                Self {
                    series: fleet.service_history(id).into_iter().collect(),
                    usage: summary.as_ref().map(|s| s.usage).unwrap_or_default(),
                    limits: summary.map(|s| s.limits).unwrap_or_default(),
                }
            }
            Target::Project(_) => {
                let services = scope::services(fleet, scene.target);
                let sum = services
                    .iter()
                    .filter_map(|s| fleet.summary(&s.id, now))
                    .fold(Usage::default(), |sum, s| sum.plus(s.usage));
                // A project as a whole has no limit.
                Self {
                    series: services.iter().filter_map(|s| fleet.service_history(&s.id)).collect(),
                    usage: sum,
                    limits: Limits::default(),
                }
            }
        }
    }

    /// One metric's columns, all series summed.
    fn columns(&self, metric: Metric, from: Timestamp, to: Timestamp, slices: usize) -> Vec<Option<f32>> {
        let mut sum: Vec<Option<f32>> = vec![None; slices];
        for series in &self.series {
            for (sum, value) in sum.iter_mut().zip(series.chart(metric, from, to, slices)) {
                if let Some(value) = value {
                    *sum = Some(sum.unwrap_or(0.0) + value);
                }
            }
        }
        sum
    }
}

/// The charts, in the order of their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Panel {
    Cpu,
    Memory,
    Net,
    Block,
    Pids,
    Figures,
}

impl Panel {
    const ALL: [Self; PANELS] = [Self::Cpu, Self::Memory, Self::Net, Self::Block, Self::Pids, Self::Figures];

    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => "MEMORY",
            Self::Net => "NETWORK",
            Self::Block => "BLOCK I/O",
            Self::Pids => "PROCESSES",
            Self::Figures => "FIGURES",
        }
    }

    fn metrics(self) -> &'static [(Metric, &'static str, Role)] {
        match self {
            Self::Cpu => &[(Metric::Cpu, "", Role::Chart1)],
            Self::Memory => &[(Metric::Memory, "", Role::Chart1)],
            Self::Net => &[(Metric::NetRx, "rx", Role::Chart1), (Metric::NetTx, "tx", Role::Chart2)],
            Self::Block => {
                &[(Metric::BlockRead, "read", Role::Chart1), (Metric::BlockWrite, "write", Role::Chart2)]
            }
            Self::Pids => &[(Metric::Pids, "", Role::Chart1)],
            Self::Figures => &[],
        }
    }

    fn unit(self) -> Unit {
        match self {
            Self::Memory => Unit::Bytes,
            Self::Net | Self::Block => Unit::Rate,
            _ => Unit::Number,
        }
    }

    fn limit(self, limits: &Limits) -> Option<f64> {
        match self {
            Self::Cpu => limits.cpus,
            Self::Memory => limits.memory.map(|n| n as f64),
            Self::Pids => limits.pids.map(|n| n as f64),
            _ => None,
        }
    }

    /// The figures beside the name.
    fn now(self, usage: &Usage, limits: &Limits, missing: &str) -> String {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole * 100.0 } else { 0.0 };
        let rate =
            |value: Option<f32>| value.map_or_else(|| missing.to_owned(), |v| Unit::Rate.label(f64::from(v)));
        match self {
            Self::Cpu => match (usage.cpu, limits.cpus) {
                (Some(cpu), Some(limit)) => {
                    format!("{cpu:.2} cores, {:.0}% of {limit}", share(f64::from(cpu), limit))
                }
                (Some(cpu), None) => format!("{cpu:.2} cores, no limit"),
                (None, _) => missing.to_owned(),
            },
            Self::Memory => match (usage.memory, limits.memory) {
                (Some(used), Some(limit)) => {
                    let percent = share(used as f64, limit as f64);
                    format!("{} of {}, {percent:.0}%", human::bytes(used), human::bytes(limit))
                }
                (Some(used), None) => format!("{}, no limit", human::bytes(used)),
                (None, _) => missing.to_owned(),
            },
            Self::Net => format!("rx {}  tx {}", rate(usage.net_rx), rate(usage.net_tx)),
            Self::Block => format!("read {}  write {}", rate(usage.block_read), rate(usage.block_write)),
            Self::Pids => match (usage.pids, limits.pids) {
                (Some(pids), Some(limit)) => format!("{pids} of {limit}"),
                (Some(pids), None) => pids.to_string(),
                (None, _) => missing.to_owned(),
            },
            Self::Figures => String::new(),
        }
    }
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

/// Who uses what: a row a service, a replica, or of the one replica there is.
fn figures(subject: &Subject<'_>, scene: &Scene<'_>, area: Rect, buf: &mut Buffer) {
    let theme = scene.look.theme;
    let glyphs = scene.look.glyphs;
    let missing = glyphs.missing;
    let mut rows: Vec<(String, Usage)> = match scene.target {
        Target::Project(_) => scope::services(scene.fleet, scene.target)
            .into_iter()
            .filter_map(|s| Some((s.id.name.to_string(), scene.fleet.summary(&s.id, scene.now)?.usage)))
            .collect(),
        _ => scope::replicas(scene.fleet, scene.target)
            .into_iter()
            .filter_map(|r| Some((r.name.to_string(), scene.fleet.replica_summary(&r.id, scene.now)?.usage)))
            .collect(),
    };
    // Whoever uses most comes first; steady for equals.
    rows.sort_by(|a, b| {
        let key = |u: &Usage| u.cpu.unwrap_or(-1.0);
        key(&b.1).total_cmp(&key(&a.1)).then_with(|| a.0.cmp(&b.0))
    });
    if rows.len() > 1 {
        rows.insert(0, ("together".to_owned(), subject.usage));
    }
    let name_room = usize::from(area.width).saturating_sub(34).clamp(6, 28);
    let head = format!("{:<name_room$} {:>6} {:>7} {:>8} {:>8}", "WHO", "CORES", "MEM", "RX", "TX");
    text::put(buf, area, 0, &Line::styled(head, theme.style(Role::Title)));
    for (row, (name, usage)) in (1..area.height).zip(&rows) {
        let name = text::clip(name, name_room, glyphs.ellipsis);
        let pad = name_room.saturating_sub(text::width(&name));
        let cpu = usage.cpu.map_or_else(|| missing.to_owned(), |c| format!("{c:.2}"));
        let memory = usage.memory.map_or_else(|| missing.to_owned(), human::bytes);
        let rate = |v: Option<f32>| v.map_or_else(|| missing.to_owned(), |v| Unit::Rate.label(f64::from(v)));
        let line = format!(
            "{name}{} {cpu:>6} {memory:>7} {:>8} {:>8}",
            " ".repeat(pad),
            rate(usage.net_rx),
            rate(usage.net_tx)
        );
        text::put(buf, area, row, &Line::styled(line, theme.style(Role::Text)));
    }
    let hidden = (rows.len() + 1).saturating_sub(usize::from(area.height));
    if hidden > 0 && area.height > 2 {
        let more = format!("{} and {} more", glyphs.ellipsis, hidden + 1);
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        let blank = " ".repeat(usize::from(area.width));
        text::put(buf, last, 0, &Line::raw(blank));
        text::put(buf, last, 0, &Line::styled(more, theme.style(Role::Dim)));
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
