//! A chart of columns over time with both axes: what the stats tab is made of.
//!
//! One column of the chart stands for one slice of time and is drawn in steps of an eighth of a
//! row. A column without a value is left empty, which differs from a column at zero. Two series
//! are drawn in two bands under one another, so that they can be told apart without colour.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::text;
use crate::text::human;

/// How values become axis labels, and which top values look good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Plain numbers: 1, 2, 5, 10, …
    Number,
    /// Bytes: powers of two of B, K, M, G, …
    Bytes,
    /// Bytes per second.
    Rate,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// The lowest pleasant value that is not below `value`.
    pub fn ceiling(self, value: f64) -> f64 {
        if !value.is_finite() || value <= 0.0 {
            return if matches!(self, Self::Number | Self::Seconds) { 1.0 } else { 1024.0 };
        }
        match self {
            Self::Number | Self::Seconds => {
                let decade = 10_f64.powf(value.log10().floor());
                [1.0, 2.0, 5.0].into_iter().map(|n| n * decade).find(|n| *n >= value).unwrap_or(10.0 * decade)
            }
            Self::Bytes | Self::Rate => 2_f64.powf(value.max(1.0).log2().ceil()),
        }
    }

    /// An axis label: at most 7 columns, `0.5`, `20`, `512M`, `1.5M/s`.
    pub fn label(self, value: f64) -> String {
        match self {
            Self::Number if value >= 10_000.0 => scaled(value, 1000.0, ["", "k", "M", "G", "T", "P", "E"]),
            Self::Number if value >= 10.0 || value.fract() == 0.0 => format!("{value:.0}"),
            Self::Number if value >= 0.1 => format!("{value:.1}"),
            Self::Number => format!("{value:.2}"),
            Self::Seconds => human::latency(Duration::try_from_secs_f64(value).unwrap_or_default()),
            Self::Bytes => scaled(value, 1024.0, ["B", "K", "M", "G", "T", "P", "E"]),
            Self::Rate => scaled(value, 1024.0, ["B", "K", "M", "G", "T", "P", "E"]) + "/s",
        }
    }
}

fn scaled(mut value: f64, base: f64, units: [&str; 7]) -> String {
    let mut unit = "";
    for next in units {
        unit = next;
        if value < base {
            break;
        }
        value /= base;
    }
    // What fell through the largest unit was divided once too often, and is beyond reading anyway.
    if value < 10.0 && value.fract() > 0.05 {
        format!("{value:.1}{unit}")
    } else {
        format!("{value:.0}{unit}")
    }
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// In front of the axis where there are several, e.g. `rx`.
    pub name: &'static str,
    /// One value a slice of time, oldest first; `None` is a gap.
    pub values: Vec<Option<f32>>,
    /// How its columns look.
    pub style: Style,
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart<'a> {
    /// The row above: what it is, and its figures now.
    pub title: Line<'a>,
    /// One or two series over the same time.
    pub bands: Vec<Band>,
    /// The unit of the values.
    pub unit: Unit,
    /// A line to watch, in the same unit; drawn when the values come near it.
    pub limit: Option<f64>,
    /// Labels of the time axis: how many slices before the end, and the words; `(0, "now")` is the
    /// right end.
    pub ticks: &'a [(usize, String)],
    /// Said instead of an empty chart.
    pub missing: &'a str,
    /// Axes and their labels.
    pub axis: Style,
    /// The limit's line.
    pub limit_style: Style,
    /// Steps of a cell, lowest first.
    pub steps: &'a [&'static str],
    /// The vertical axis.
    pub bar: &'static str,
    /// The limit's line.
    pub line: &'static str,
}

/// Columns the value axis takes: labels of up to seven, and the axis itself.
pub const AXIS: u16 = 8;

impl Chart<'_> {
    /// Draw. From four rows on with both axes; on fewer without the time axis; one row is the
    /// title alone.
    pub fn render(&self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        text::put(buf, area, 0, &self.title);
        let axis_row = u16::from(area.height >= 4);
        let plot = Rect { y: area.y + 1, height: area.height - 1 - axis_row.min(area.height - 1), ..area };
        if plot.height == 0 || plot.width <= AXIS {
            return;
        }
        if self.bands.iter().all(|b| b.values.iter().all(Option::is_none)) {
            text::put(
                buf,
                plot,
                plot.height / 2,
                &Line::styled(format!("{:>8}{}", "", self.missing), self.axis),
            );
            return;
        }
        let bands = u16::try_from(self.bands.len()).unwrap_or(1).clamp(1, plot.height);
        let mut top = plot.y;
        for (at, band) in (0..bands).zip(&self.bands) {
            let height = (plot.height + bands - 1 - at) / bands;
            self.band(band, Rect { y: top, height, ..plot }, buf);
            top += height;
        }
        if axis_row > 0 {
            self.time_axis(Rect { y: area.bottom() - 1, height: 1, ..area }, buf);
        }
    }

    fn band(&self, band: &Band, area: Rect, buf: &mut Buffer) {
        let highest = band.values.iter().flatten().fold(0.0_f64, |max, v| max.max(f64::from(*v)));
        let limit = self.limit.filter(|limit| *limit > 0.0 && highest >= limit * 0.4);
        let top = self.unit.ceiling(highest.max(limit.unwrap_or(0.0)));
        for row in 0..area.height {
            let label = if row == 0 {
                self.unit.label(top)
            } else if row + 1 == area.height {
                if self.bands.len() > 1 { band.name.to_owned() } else { "0".to_owned() }
            } else if area.height >= 5 && row == area.height / 2 {
                self.unit.label(top * f64::from(area.height - row) / f64::from(area.height))
            } else {
                String::new()
            };
            let label = text::clip(&label, usize::from(AXIS - 1), "");
            let pad = usize::from(AXIS - 1) - text::width(&label);
            let line = format!("{}{label}{}", " ".repeat(pad), self.bar);
            text::put(buf, area, row, &Line::styled(line, self.axis));
        }
        let plot = Rect { x: area.x + AXIS, width: area.width - AXIS, ..area };
        let slices = band.values.len();
        for col in 0..usize::from(plot.width) {
            // Slices share the width evenly; where there are more of them, the oldest fall off.
            let at = if slices <= usize::from(plot.width) {
                col * slices / usize::from(plot.width)
            } else {
                slices - usize::from(plot.width) + col
            };
            if let Some(Some(value)) = band.values.get(at) {
                self.column(f64::from(*value) / top, col as u16, band.style, plot, buf);
            }
        }
        if let Some(limit) = limit {
            let row = ((1.0 - limit / top) * f64::from(plot.height)).floor() as u16;
            let y = plot.y + row.min(plot.height - 1);
            let full = self.steps.last().copied().unwrap_or_default();
            for x in plot.left()..plot.right() {
                // Over what reaches into its row, but not over what stands above it.
                if let Some(cell) = buf.cell_mut((x, y)).filter(|cell| cell.symbol() != full) {
                    cell.set_symbol(self.line).set_style(self.limit_style);
                }
            }
        }
    }

    /// One column, `share` (0–1) of the height.
    fn column(&self, share: f64, col: u16, style: Style, plot: Rect, buf: &mut Buffer) {
        let steps = self.steps.len().max(1);
        let filled = (share.clamp(0.0, 1.0) * f64::from(plot.height) * steps as f64).round() as usize;
        // Zero is a value: it shows as the lowest step.
        let filled = filled.max(1);
        for row in 0..usize::from(plot.height) {
            let here = filled.saturating_sub(row * steps).min(steps);
            let Some(step) = here.checked_sub(1).and_then(|s| self.steps.get(s)) else { break };
            let y = plot.bottom() - 1 - row as u16;
            if let Some(cell) = buf.cell_mut((plot.x + col, y)) {
                cell.set_symbol(step).set_style(style);
            }
        }
    }

    fn time_axis(&self, area: Rect, buf: &mut Buffer) {
        let plot = Rect { x: area.x + AXIS, width: area.width - AXIS, ..area };
        let width = usize::from(plot.width);
        let slices = self.bands.first().map_or(1, |b| b.values.len()).max(1);
        let mut free = width;
        // From the right, so that `now` is always there; a label that would touch the next is left out.
        for (back, words) in self.ticks {
            let back = if slices <= width { back * width / slices } else { *back };
            let Some(right) = width.checked_sub(back) else { break };
            let cols = text::width(words);
            // The label ends where its slice does, except at the left end.
            let start = right.saturating_sub(cols);
            if start + cols > free {
                continue;
            }
            let at = Rect { x: plot.x + start as u16, width: cols.min(width) as u16, ..plot };
            text::put(buf, at, 0, &Line::styled(words.as_str(), self.axis));
            free = start.saturating_sub(2);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const STEPS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8"];

    fn chart(bands: Vec<Band>, limit: Option<f64>) -> Chart<'static> {
        Chart {
            title: Line::from("title"),
            bands,
            unit: Unit::Number,
            limit,
            ticks: &[],
            missing: "nothing",
            axis: Style::new(),
            limit_style: Style::new(),
            steps: STEPS,
            bar: "|",
            line: "-",
        }
    }

    fn band(values: &[Option<f32>]) -> Band {
        Band { name: "rx", values: values.to_vec(), style: Style::new() }
    }

    fn draw(chart: &Chart<'_>, cols: u16, rows: u16) -> Vec<String> {
        let area = Rect::new(0, 0, cols, rows);
        let mut buf = Buffer::empty(area);
        chart.render(area, &mut buf);
        (0..rows).map(|y| (0..cols).map(|x| buf.cell((x, y)).unwrap().symbol()).collect()).collect()
    }

    #[test]
    fn a_gap_is_empty_and_zero_is_not() {
        let chart = chart(vec![band(&[Some(1.0), None, Some(0.0), Some(0.5)])], None);
        let rows = draw(&chart, AXIS + 4, 3);
        assert_eq!(rows[1], "      1|8   ");
        assert_eq!(rows[2], "      0|8 18");
    }

    #[test]
    fn the_limit_is_drawn_only_when_values_come_near() {
        let near = draw(&chart(vec![band(&[Some(1.5)])], Some(2.0)), AXIS + 4, 5);
        assert!(near[1].ends_with("----"), "{near:?}");
        let far = draw(&chart(vec![band(&[Some(0.1)])], Some(2.0)), AXIS + 4, 5);
        assert!(far.iter().all(|r| !r.contains('-')), "{far:?}");
    }

    #[test]
    fn nothing_to_show_is_said() {
        assert!(draw(&chart(vec![band(&[None, None])], None), 30, 5).concat().contains("nothing"));
    }

    #[test]
    fn every_size_is_drawn_without_panic() {
        let hostile = [Some(f32::MAX), Some(f32::INFINITY), Some(f32::NAN), Some(-1.0), None];
        let chart = chart(vec![band(&hostile), band(&[])], Some(f64::MAX));
        for cols in 0..30 {
            for rows in 0..12 {
                draw(&chart, cols, rows);
            }
        }
    }

    #[test]
    fn axes_end_at_pleasant_values() {
        assert!((Unit::Number.ceiling(0.34) - 0.5).abs() < 1e-9);
        assert!((Unit::Number.ceiling(7.0) - 10.0).abs() < 1e-9);
        assert!((Unit::Bytes.ceiling(700.0 * 1024.0) - 1024.0 * 1024.0).abs() < 1e-9);
        assert_eq!(Unit::Bytes.label(1024.0 * 1024.0), "1M");
        assert_eq!(Unit::Rate.label(1536.0 * 1024.0), "1.5M/s");
        assert_eq!(Unit::Number.label(0.5), "0.5");
        for value in [0.0, 1e-9, 1.0, 999.0, 1e6, 1e30, f64::MAX, f64::INFINITY, f64::NAN] {
            for unit in [Unit::Number, Unit::Bytes, Unit::Rate] {
                assert!(unit.ceiling(value) > 0.0);
                assert!(!unit.label(unit.ceiling(value)).is_empty());
            }
        }
    }
}
