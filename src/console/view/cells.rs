//! What a row says in each column. Figures are rounded so that they stand still while nothing
//! happens: every changed character is bytes on somebody's slow line.

use std::time::Duration;

use jiff::SignedDuration;
use ratatui::text::Span;

use super::super::board::severity_role;
use super::super::grid::{Cell, Column, Totals, health_words};
use super::super::model::Model;
use super::super::widget::text;
use super::health_role;
use crate::alert::Incident;
use crate::config::Role;
use crate::fleet::{Health, Limits, Metric, Series, Summary, Usage, fold};
use crate::text::human;

/// How much time a column of a sparkline stands for.
const SPARK_STEP: SignedDuration = SignedDuration::from_secs(15);
/// An answer that takes longer is slow.
const SLOW: Duration = Duration::from_secs(1);
/// The share of failed requests from which it is bad.
const MANY_ERRORS: f64 = 0.05;
/// Shares of a limit from which usage is a warning, and bad.
const HIGH: f64 = 0.8;
const FULL: f64 = 0.95;

/// The text of a service's or replica's cell.
pub(super) fn cell(
    model: &Model,
    summary: &Summary,
    history: Option<&Series<'_>>,
    cell: Cell,
) -> Vec<Span<'static>> {
    let width = usize::from(cell.width);
    let usage = &summary.usage;
    match cell.column {
        Column::Service => Vec::new(),
        Column::Replicas if summary.desired == Some(0) && summary.total == 0 => {
            plain(model, "0/0".to_owned(), Role::Dim)
        }
        Column::Replicas => replicas(model, summary.up, summary.total, summary.health.health),
        Column::Health => health(model, summary, width),
        Column::Ports => ports(model, summary, width),
        Column::P95 => answer(model, summary.p95.map(|p95| (human::latency(p95), slow(p95)))),
        Column::Errors => {
            answer(model, summary.error_rate.map(|share| (human::hundredths(share), erring(share))))
        }
        Column::Cpu => cpu(model, usage, summary.limits, history, width),
        Column::Mem => memory(model, usage, summary.limits, width),
        Column::Restarts => restarts(model, summary.restarts),
        Column::Revision => {
            plain(model, text::clip(&summary.revision, width, model.skin.glyphs.ellipsis), Role::Dim)
        }
        Column::Age => match summary.since {
            Some(at) => plain(model, human::age_at(at, model.now), Role::Dim),
            None => missing(model),
        },
        Column::Net | Column::Block | Column::Pids => figures(model, usage, cell.column),
    }
}

/// The text of a project's cell: its services summed.
pub(super) fn total(model: &Model, totals: &Totals, cell: Cell) -> Vec<Span<'static>> {
    match cell.column {
        Column::Replicas => replicas(model, totals.up, totals.total, totals.worst),
        Column::Health if totals.troubled > 0 => {
            plain(model, unwell(totals, usize::from(cell.width)), health_role(totals.worst))
        }
        Column::Cpu => match totals.usage.cpu {
            Some(cores) => plain(model, percent(cores), Role::Dim),
            None => Vec::new(),
        },
        Column::Mem => match totals.usage.memory {
            // Under the others, which have a share of their limit behind them.
            Some(bytes) if cell.width >= 10 => {
                plain(model, format!("{}     ", human::bytes(bytes)), Role::Dim)
            }
            Some(bytes) => plain(model, human::bytes(bytes), Role::Dim),
            None => Vec::new(),
        },
        Column::Restarts => match totals.restarts {
            Some(n) if n > 0 => restarts(model, Some(n)),
            _ => Vec::new(),
        },
        Column::Net | Column::Block | Column::Pids
            if totals.usage.net_rx.is_some() || totals.usage.pids.is_some() =>
        {
            figures(model, &totals.usage, cell.column)
        }
        _ => Vec::new(),
    }
}

/// How many services of a project are not well, in the longest words that fit.
fn unwell(totals: &Totals, width: usize) -> String {
    let (bad, all) = (totals.troubled, totals.services);
    [format!("{bad} of {all} not well"), format!("{bad}/{all} unwell"), format!("{bad} unwell")]
        .into_iter()
        .find(|words| words.len() <= width)
        .unwrap_or_else(|| bad.to_string())
}

fn plain(model: &Model, words: String, role: Role) -> Vec<Span<'static>> {
    vec![Span::styled(words, model.skin.theme.style(role))]
}

fn missing(model: &Model) -> Vec<Span<'static>> {
    plain(model, model.skin.glyphs.missing.to_owned(), Role::Dim)
}

fn replicas(model: &Model, up: u32, total: u32, worst: Health) -> Vec<Span<'static>> {
    if total == 0 {
        return missing(model);
    }
    let role = if up < total { health_role(worst) } else { Role::Text };
    plain(model, format!("{up}/{total}"), role)
}

fn health(model: &Model, summary: &Summary, width: usize) -> Vec<Span<'static>> {
    let words = health_words(summary, model.now);
    plain(model, text::clip(&words, width, model.skin.glyphs.ellipsis), health_role(summary.health.health))
}

/// `healthy, HighMemory: memory 93%`.
pub(super) fn alarm(model: &Model, summary: &Summary, worst: &Incident, width: usize) -> Vec<Span<'static>> {
    let words = format!("{}, {}: {}", health_words(summary, model.now), worst.key.rule, worst.figures);
    plain(model, text::clip(&words, width, model.skin.glyphs.ellipsis), severity_role(worst.severity))
}

fn ports(model: &Model, summary: &Summary, width: usize) -> Vec<Span<'static>> {
    let glyphs = &model.skin.glyphs;
    let words: Vec<String> = fold(&summary.ports).iter().map(|p| p.short(glyphs.arrow)).collect();
    plain(model, text::clip(&words.join(" "), width, glyphs.ellipsis), Role::Text)
}

fn answer(model: &Model, figure: Option<(String, Role)>) -> Vec<Span<'static>> {
    figure.map_or_else(|| missing(model), |(words, role)| plain(model, words, role))
}

/// Users notice from about a second on.
fn slow(p95: Duration) -> Role {
    if p95 >= SLOW { Role::Warn } else { Role::Text }
}

fn erring(share: f64) -> Role {
    match share {
        s if s <= 0.0 => Role::Dim,
        s if s < MANY_ERRORS => Role::Warn,
        _ => Role::Bad,
    }
}

/// Percent of a core, whole.
fn percent(cores: f32) -> String {
    format!("{:.0}%", (cores * 100.0).max(0.0))
}

fn usage_role(used: f64, limit: Option<f64>) -> Role {
    match limit {
        Some(limit) if limit > 0.0 && used / limit >= FULL => Role::Bad,
        Some(limit) if limit > 0.0 && used / limit >= HIGH => Role::Warn,
        _ => Role::Text,
    }
}

fn cpu(
    model: &Model,
    usage: &Usage,
    limits: Limits,
    history: Option<&Series<'_>>,
    width: usize,
) -> Vec<Span<'static>> {
    let Some(cores) = usage.cpu else { return missing(model) };
    let words = percent(cores);
    let role = usage_role(f64::from(cores), limits.cpus);
    let mut spans = Vec::new();
    let room = width.saturating_sub(6);
    if room >= 4
        && let Some(history) = history
    {
        // Of the limit, or of one core: a column's height means the same in every row.
        let full = limits.cpus.unwrap_or(1.0).max(0.01) as f32;
        let steps = model.skin.glyphs.spark;
        let line: String = history
            .spark(Metric::Cpu, model.now, SPARK_STEP, room)
            .into_iter()
            .map(|value| match value {
                None => " ",
                Some(value) => {
                    let step = (value / full).clamp(0.0, 1.0) * (steps.len().saturating_sub(1)) as f32;
                    steps.get(step.round() as usize).copied().unwrap_or(" ")
                }
            })
            .collect();
        spans.push(Span::styled(line, model.skin.theme.style(Role::Gauge)));
    }
    spans.push(Span::styled(format!(" {words:>4}"), model.skin.theme.style(role)));
    spans
}

fn memory(model: &Model, usage: &Usage, limits: Limits, width: usize) -> Vec<Span<'static>> {
    let Some(bytes) = usage.memory else { return missing(model) };
    let role = usage_role(bytes as f64, limits.memory.map(|l| l as f64));
    let words = match limits.memory {
        Some(limit) if limit > 0 && width >= 10 => {
            let share = bytes as f64 / limit as f64 * 100.0;
            format!("{} {:>3.0}%", human::bytes(bytes), share)
        }
        // Keeps figures under each other.
        _ if width >= 10 => format!("{}     ", human::bytes(bytes)),
        _ => human::bytes(bytes),
    };
    plain(model, words, role)
}

fn restarts(model: &Model, restarts: Option<u32>) -> Vec<Span<'static>> {
    match restarts {
        None => missing(model),
        Some(0) => plain(model, "0".to_owned(), Role::Dim),
        Some(n) => plain(model, human::count(n.into()), Role::Warn),
    }
}

fn figures(model: &Model, usage: &Usage, column: Column) -> Vec<Span<'static>> {
    let pair = |a: Option<f32>, b: Option<f32>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(format!("{} {:>6}", flow(a), flow(b))),
    };
    let words = match column {
        Column::Net => pair(usage.net_rx, usage.net_tx),
        Column::Block => pair(usage.block_read, usage.block_write),
        _ => usage.pids.map(|n| human::count(n.into())),
    };
    words.map_or_else(|| missing(model), |words| plain(model, words, Role::Text))
}

/// Bytes per second; a trickle is not told in figures that change every second.
fn flow(rate: Option<f32>) -> String {
    match rate {
        None => "-".to_owned(),
        Some(rate) if rate < 1.0 => "0".to_owned(),
        Some(rate) if rate < 1024.0 => "<1K".to_owned(),
        Some(rate) => human::bytes(rate as u64),
    }
}
