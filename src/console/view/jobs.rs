//! Operations under way: which step, what its gate sees and for how long still, which way it goes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::job::{Job, Waiting};
use super::super::model::Model;
use super::super::widget::text;
use crate::config::Role;
use crate::fleet::HealthCheck;

/// Columns of the progress bar.
const BAR: usize = 16;

/// Draw them: one alone has two rows, several have one each.
pub(super) fn jobs(model: &Model, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let base = model.skin.theme.style(Role::Input);
    buf.set_style(area, base);
    let watched: Vec<&Job> = model.jobs.iter().filter(|j| j.watched()).collect();
    if let [job] = watched.as_slice()
        && area.height > 1
    {
        text::put(buf, area, 0, &head(model, job, base));
        let mut line = vec![Span::styled("   ", base)];
        line.extend(step(model, job, base, usize::from(area.width).saturating_sub(4)));
        text::put(buf, area, 1, &Line::from(line));
        return;
    }
    let shown = usize::from(area.height);
    for (i, job) in watched.iter().take(shown).enumerate() {
        let row = Rect { y: area.y + i as u16, height: 1, ..area };
        if i + 1 == shown && watched.len() > shown {
            let rest = watched.len() - i;
            text::put(buf, row, 0, &Line::styled(format!(" and {rest} more"), base));
            return;
        }
        let mut line = head(model, job, base);
        let room = usize::from(area.width).saturating_sub(line.width() + 3);
        line.spans.push(Span::styled("  ", base));
        line.spans.extend(step(model, job, base, room));
        text::put(buf, row, 0, &line);
    }
}

/// `deploy order-service  ████──── step 4 of 19`.
fn head(model: &Model, job: &Job, base: Style) -> Line<'static> {
    let theme = &model.skin.theme;
    let glyphs = &model.skin.glyphs;
    let back = job.undoing.is_some();
    let role = if back { Role::Warn } else { Role::Title };
    let lead = if back { glyphs.warn } else { glyphs.folded };
    let what = if back {
        format!("undoing: {} {}", job.change, job.what)
    } else {
        format!("{} {}", job.change, job.what)
    };
    let filled = (BAR * job.ended.min(job.steps)).checked_div(job.steps).unwrap_or(0);
    let full = glyphs.spark.last().copied().unwrap_or("#");
    let now = (job.ended + 1).min(job.steps.max(1));
    let count = if job.steps == 0 { String::new() } else { format!("  step {now} of {}", job.steps) };
    Line::from(vec![
        Span::styled(
            format!(" {lead} {}  ", text::clip(&what, 40, glyphs.ellipsis)),
            base.patch(theme.style(role)),
        ),
        Span::styled(full.repeat(filled), base.patch(theme.style(Role::Gauge))),
        Span::styled(glyphs.line.repeat(BAR - filled), base.patch(theme.style(Role::Dim))),
        Span::styled(count, base),
        Span::styled(
            if job.cancelled && !back { "  cancelling" } else { "" },
            base.patch(theme.style(Role::Warn)),
        ),
    ])
}

/// What is being done right now, and what the gate says.
fn step(model: &Model, job: &Job, base: Style, room: usize) -> Vec<Span<'static>> {
    let theme = &model.skin.theme;
    let ellipsis = model.skin.glyphs.ellipsis;
    if let Some(gate) = job.gates.first() {
        let others = match job.gates.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let left = left(model, gate);
        let head = format!("{}{others}: ", job.short(&gate.seen.name));
        let tail = format!("  {left} s left");
        let words = text::clip(&seen(gate), room.saturating_sub(text::width(&head) + tail.len()), ellipsis);
        let role = match gate.seen.check {
            HealthCheck::Unhealthy => Role::Bad,
            HealthCheck::Healthy => Role::Ok,
            HealthCheck::Starting | HealthCheck::None => Role::Info,
        };
        let urgent = if left <= 10 { Role::Warn } else { Role::Dim };
        return vec![
            Span::styled(head, base),
            Span::styled(words, base.patch(theme.style(role))),
            Span::styled(tail, base.patch(theme.style(urgent))),
        ];
    }
    if job.at.is_empty() {
        let words = job.undoing.clone().unwrap_or_else(|| "beginning".to_owned());
        return vec![Span::styled(text::clip(&words, room, ellipsis), base)];
    }
    let mut words = format!("{} {}", job.doing, job.at);
    if let Some(why) = &job.undoing {
        words = format!("{words}: {why}");
    }
    vec![Span::styled(text::clip(words.trim_start(), room, ellipsis), base)]
}

/// What a gate sees: `starting: curl: (7) refused`.
fn seen(gate: &Waiting) -> String {
    let check = match gate.seen.check {
        HealthCheck::Healthy => "healthy",
        HealthCheck::Unhealthy => "unhealthy",
        HealthCheck::Starting => "waits until it is healthy",
        HealthCheck::None => {
            gate.seen.state.map_or("waits until it is well", |_| "waits whether it stays up")
        }
    };
    if gate.seen.output.is_empty() { check.to_owned() } else { format!("{check}: {}", gate.seen.output) }
}

/// Whole seconds until a gate gives up.
fn left(model: &Model, gate: &Waiting) -> i64 {
    gate.until.duration_since(model.now).as_secs().max(0)
}
