//! The timeline as a report of an incident, in Markdown. Whatever names and messages hold, it is
//! text in the report and no markup.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Moment, Tone, What};
use crate::fleet::{Image, Revision};
use crate::journal::{OperationRecord, OperationState, StepRecord, Who};
use crate::text::{human, markdown, sanitize};

/// The longest text in a cell, columns.
const CELL: usize = 500;

/// What a report is about.
pub struct Report<'a> {
    /// The service, project or `all services`.
    pub subject: String,
    /// On which engine's host; empty = not known.
    pub host: String,
    /// From when on; `None` = from the first moment.
    pub from: Option<Timestamp>,
    /// Until when.
    pub to: Timestamp,
    /// Who wants it.
    pub by: &'a Who,
    /// Times in UTC instead of local.
    pub utc: bool,
    /// What happened, oldest first.
    pub moments: Vec<&'a Moment>,
    /// What services ran, in any order; those that began in that time and nobody made with qd are
    /// told.
    pub revisions: &'a [Revision],
    /// What a step of an operation does, by its number; the journal does not know.
    pub step: &'a dyn Fn(&OperationRecord, u32) -> Option<String>,
}

/// The report.
pub fn markdown(report: &Report<'_>) -> String {
    let zone = if report.utc { TimeZone::UTC } else { TimeZone::system() };
    let page = Page { report, zone };
    let mut out = String::new();
    page.head(&mut out);
    page.changes(&mut out);
    page.timeline(&mut out);
    page.operations(&mut out);
    out
}

struct Page<'a> {
    report: &'a Report<'a>,
    zone: TimeZone,
}

impl Page<'_> {
    fn time(&self, at: Timestamp) -> String {
        self.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn head(&self, out: &mut String) {
        let Report { subject, host, from, to, by, moments, .. } = self.report;
        let place = if host.is_empty() { String::new() } else { format!(" on {}", text(host)) };
        let _ = writeln!(out, "# What happened to {}{place}\n", text(subject));
        let first =
            moments.first().map(|m| m.at).into_iter().chain(self.seen().map(|(_, after)| after.first_seen));
        let from = from.or_else(|| first.min()).unwrap_or(*to);
        let zone = self.zone.iana_name().unwrap_or("local time");
        let offset = self.zone.to_offset(*to);
        let zone = if self.report.utc { "UTC".to_owned() } else { format!("{zone} (UTC{offset})") };
        let _ = writeln!(
            out,
            "{} to {}, times in {}. Written by quarterdeck {} for {}.\n",
            self.time(from),
            self.time(*to),
            text(&zone),
            env!("CARGO_PKG_VERSION"),
            text(&by.words())
        );
        let _ = writeln!(out, "**{}**\n", text(&summary(moments)));
    }

    /// What services came to run in that time without qd, behind what they ran before.
    fn seen(&self) -> impl Iterator<Item = (&Revision, &Revision)> {
        let Report { from, to, revisions, .. } = *self.report;
        let within = move |r: &&Revision| {
            r.by.is_none() && r.first_seen <= to && from.is_none_or(|from| r.first_seen >= from)
        };
        revisions.iter().filter(within).filter_map(|after| {
            // The first one is no change: it ran when it was first looked at.
            let earlier = revisions.iter().filter(|r| r.service == after.service && r.number < after.number);
            Some((earlier.max_by_key(|r| r.number)?, after))
        })
    }

    fn changes(&self, out: &mut String) {
        let mut rows = Vec::new();
        for operation in operations(&self.report.moments) {
            for (service, from, to) in &operation.begun.images {
                let result = match operation.state {
                    OperationState::Running | OperationState::Undoing => "not ended",
                    state => state.word(),
                };
                rows.push((
                    operation.at,
                    [
                        service.path(),
                        image(from),
                        image(to),
                        format!("{} (operation {})", operation.begun.who.words(), operation.id),
                        result.to_owned(),
                    ],
                ));
            }
        }
        for (before, after) in self.seen() {
            let row = [
                after.service.path(),
                image(&before.image),
                image(&after.image),
                "not by quarterdeck".to_owned(),
                "seen".to_owned(),
            ];
            rows.push((after.first_seen, row));
        }
        if rows.is_empty() {
            return;
        }
        rows.sort_by_key(|(at, _)| *at);
        let _ = writeln!(out, "## What changed\n");
        table(out, &["Time", "Service", "Before", "After", "By", "Result"]);
        for (at, cells) in rows {
            row(out, std::iter::once(self.time(at)).chain(cells));
        }
        out.push('\n');
    }

    fn timeline(&self, out: &mut String) {
        if self.report.moments.is_empty() {
            return;
        }
        let _ = writeln!(out, "## Timeline\n");
        table(out, &["Time", "Service", "What happened", "By"]);
        for moment in &self.report.moments {
            let sentence = text(&moment.sentence());
            // Bold carries what colour does on a screen.
            let sentence = if moment.tone() == Tone::Bad { format!("**{sentence}**") } else { sentence };
            let _ = writeln!(
                out,
                "| {} | {} | {sentence} | {} |",
                self.time(moment.at),
                text(&moment.subject()),
                text(&moment.who())
            );
        }
        out.push('\n');
    }

    fn operations(&self, out: &mut String) {
        let all: Vec<&OperationRecord> = operations(&self.report.moments).collect();
        if all.is_empty() {
            return;
        }
        let _ = writeln!(out, "## Operations\n");
        for operation in all {
            let _ = writeln!(out, "### {}: {}\n", operation.id, text(&operation.begun.sentence));
            let _ = writeln!(out, "- By {}", text(&operation.begun.who.words()));
            for adoption in &operation.adoptions {
                let (at, who) = (self.time(adoption.at), text(&adoption.who.words()));
                let _ = writeln!(out, "- Taken over at {at} by {who}");
            }
            let took = operation.took.map(|t| format!(" after {}", human::duration(t))).unwrap_or_default();
            let _ = writeln!(out, "- Begun {}, {}{took}", self.time(operation.at), state(operation));
            if !operation.sentence.is_empty() {
                let _ = writeln!(out, "- {}", text(&operation.sentence));
            }
            out.push('\n');
            if operation.steps.is_empty() {
                continue;
            }
            table(out, &["Time", "Step", "What", "Took", "Result"]);
            for step in &operation.steps {
                self.step(out, operation, step);
            }
            out.push('\n');
        }
    }

    fn step(&self, out: &mut String, operation: &OperationRecord, step: &StepRecord) {
        let what = (self.report.step)(operation, step.number).unwrap_or_default();
        let what = match (step.back, what.is_empty()) {
            (false, _) => what,
            (true, true) => "taken back".to_owned(),
            (true, false) => format!("taken back: {what}"),
        };
        let (took, result) = match &step.ended {
            None => (String::new(), "not known".to_owned()),
            Some((at, end)) => {
                let result = match (end.ok, end.note.is_empty()) {
                    (true, true) => "done".to_owned(),
                    (true, false) => end.note.clone(),
                    (false, true) => "failed".to_owned(),
                    (false, false) => format!("failed: {}", end.note),
                };
                (human::duration(human::elapsed(step.began, *at)), result)
            }
        };
        row(out, [self.time(step.began), step.number.to_string(), what, took, result].into_iter());
    }
}

fn state(operation: &OperationRecord) -> &'static str {
    match operation.state {
        OperationState::Running | OperationState::Undoing if operation.alive => "under way",
        OperationState::Running | OperationState::Undoing => "left in the middle",
        state => state.word(),
    }
}

fn operations<'a>(moments: &'a [&Moment]) -> impl Iterator<Item = &'a OperationRecord> {
    moments.iter().filter_map(|moment| match &moment.what {
        What::Operation(operation) => Some(&**operation),
        _ => None,
    })
}

/// `2 operations (1 done, 1 undone), 3 unplanned deaths (api-1), 1 secret shown`.
fn summary(moments: &[&Moment]) -> String {
    let mut parts = Vec::new();
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for operation in operations(moments) {
        *states.entry(state(operation)).or_default() += 1;
    }
    let total: usize = states.values().sum();
    if total > 0 {
        let each = states.iter().map(|(state, n)| format!("{n} {state}")).collect::<Vec<_>>().join(", ");
        parts.push(format!("{} ({each})", counted(total, "operation")));
    }
    for (kind, one) in [
        ("died", "unplanned death"),
        ("oom", "time out of memory"),
        ("unhealthy", "failed health check"),
        ("restarted", "unplanned restart"),
        ("stopped", "unplanned stop"),
    ] {
        let mut count = 0;
        let mut names: Vec<&str> = Vec::new();
        for moment in moments.iter().filter(|m| !m.is_part()) {
            if let What::Event { event, times } = &moment.what
                && event.kind == kind
                && (kind != "died" || event.note != "exit 0")
            {
                count += *times as usize;
                if !names.contains(&event.replica.as_str()) {
                    names.push(&event.replica);
                }
            }
        }
        if count > 0 {
            let more = if names.len() > 3 { ", …" } else { "" };
            let names = names.get(..3).unwrap_or(&names).join(", ");
            parts.push(format!("{} ({names}{more})", counted(count, one)));
        }
    }
    let shown = moments.iter().map(|m| if let What::Reveal(r) = &m.what { r.names.len() } else { 0 }).sum();
    if shown > 0 {
        parts.push(format!("{} shown", counted(shown, "secret")));
    }
    if parts.is_empty() {
        "Nothing of note was recorded in this time.".into()
    } else {
        format!("{}.", parts.join("; "))
    }
}

fn counted(n: usize, one: &str) -> String {
    match (n, one.strip_prefix("time ")) {
        (1, _) => format!("1 {one}"),
        (n, Some(rest)) => format!("{n} times {rest}"),
        (n, None) => format!("{n} {one}s"),
    }
}

fn image(image: &Image) -> String {
    match (image.reference.is_empty(), image.id.is_empty()) {
        (_, true) => image.reference.to_string(),
        (true, false) => image.short_id().to_owned(),
        (false, false) => format!("{} ({})", image.reference, image.short_id()),
    }
}

fn table(out: &mut String, titles: &[&str]) {
    let _ = writeln!(out, "| {} |", titles.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(titles.len()));
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    let cells = cells.map(|cell| text(&cell)).collect::<Vec<_>>().join(" | ");
    let _ = writeln!(out, "| {cells} |");
}

/// Outside text as text: on one line, nothing in it is markup.
fn text(raw: &str) -> String {
    markdown::escape(&sanitize::label(&raw.replace(['\n', '\r'], " "), CELL))
}
