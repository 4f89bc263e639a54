//! `qd journal`: what was done here and what happened, and what became of one operation.

mod json;
mod one;

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;

use super::args::{JournalArgs, JournalFormat};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::style::Paint;
use super::table::{Cell, Column, Table};
use super::{past, say};
use crate::config::Role;
use crate::fleet::{Fleet, Revision, ServiceId};
use crate::journal::timeline::{Filter, Moment, Report, Timeline, Tone, markdown};
use crate::journal::{Journal, OperationRecord};
use crate::operate::{Plan, PlanRow};
use crate::text::sanitize;

pub(super) use json::schema;

/// Moments shown where nobody says how many.
const USUAL: u32 = 50;
/// And where a time is given, or a report is wanted: all, within reason.
const ALL: u32 = 100_000;
/// The longest description of a step, columns.
const WORDS: usize = 200;

/// Print the journal, or one operation of it.
pub(super) async fn run(session: &mut Session, args: &JournalArgs) -> Result<Exit, CliError> {
    let journal = past::journal(session)?;
    if let Some(number) = args.subject.as_deref().and_then(|s| s.parse::<i64>().ok()) {
        return one::run(session, &journal, number, args).await;
    }
    let fleet = if args.everywhere { None } else { past::fleet(session).await };
    let instance = fleet.as_ref().map(|fleet| session.bridge(fleet).instance);
    let services = match &args.subject {
        None => Vec::new(),
        Some(name) => {
            let known = journal.services(instance.as_deref()).await?;
            past::services(fleet.as_ref(), &known, name, None)?
        }
    };
    let now = Timestamp::now();
    let filter = Filter {
        services,
        since: past::when(args.since.as_deref(), now)?,
        until: past::when(args.until.as_deref(), now)?,
        parts: args.all,
        text: args.grep.clone().unwrap_or_default(),
        ..Filter::default()
    };
    let whole = args.since.is_some() || args.output == JournalFormat::Markdown;
    let limit = args.limit.unwrap_or(if whole { ALL } else { USUAL });
    let timeline = Timeline::read(&journal, instance.as_deref(), &filter, limit).await?;
    let utc = args.utc || session.settings.ui.utc;
    match args.output {
        JournalFormat::Json => json::timeline(&mut session.out, &timeline)?,
        JournalFormat::Markdown => {
            let revisions = revisions(&journal, instance.as_deref(), &filter.services).await?;
            let to = filter.until.unwrap_or(now).min(now);
            let subject = args.subject.clone().unwrap_or_else(|| "all services".into());
            let moments = timeline.moments.iter().collect();
            let text = report(session, fleet.as_ref(), subject, (filter.since, to), utc, moments, &revisions);
            session.out.text(&text)?;
        }
        JournalFormat::Table if timeline.moments.is_empty() => say("nothing is on record"),
        JournalFormat::Table => {
            let text = table(&timeline, utc).render(
                &session.out.paint,
                session.out.fit(),
                session.out.glyphs.ellipsis,
            );
            session.out.text(&text)?;
        }
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

/// What the services of a report ran.
async fn revisions(
    journal: &Journal,
    instance: Option<&str>,
    services: &[ServiceId],
) -> Result<Vec<Revision>, CliError> {
    let Some(instance) = instance else { return Ok(Vec::new()) };
    let services =
        if services.is_empty() { journal.services(Some(instance)).await? } else { services.to_vec() };
    let mut all = Vec::new();
    for service in &services {
        all.extend(journal.revisions(instance, service).await?);
    }
    Ok(all)
}

fn report(
    session: &Session,
    fleet: Option<&Fleet>,
    subject: String,
    (from, to): (Option<Timestamp>, Timestamp),
    utc: bool,
    moments: Vec<&Moment>,
    revisions: &[Revision],
) -> String {
    let host = fleet.and_then(Fleet::engine).map(|engine| engine.host.clone()).unwrap_or_default();
    let by = &session.who;
    let steps = Steps::default();
    let step = |operation: &OperationRecord, number| steps.of(operation, number);
    markdown(&Report { subject, host, from, to, by, utc, moments, revisions, step: &step })
}

/// What the steps of operations do, by their plans; each plan is read once.
#[derive(Default)]
struct Steps(RefCell<HashMap<i64, HashMap<u32, String>>>);

impl Steps {
    /// `create shop-api-1`; `None` where the plan can't be read: another version wrote it.
    fn of(&self, operation: &OperationRecord, number: u32) -> Option<String> {
        let mut known = self.0.borrow_mut();
        known.entry(operation.id).or_insert_with(|| described(&operation.begun.plan)).get(&number).cloned()
    }
}

fn described(plan: &str) -> HashMap<u32, String> {
    let Ok(plan) = serde_json::from_str::<Plan>(plan) else { return HashMap::new() };
    let words = |row: PlanRow| {
        let words = sanitize::label(&format!("{} {}", row.action, row.replica), WORDS);
        (row.step, words.trim_end().to_owned())
    };
    plan.rows().into_iter().map(words).collect()
}

fn table(timeline: &Timeline, utc: bool) -> Table {
    let mut table = Table::new(vec![
        Column::left("TIME"),
        Column::left("SERVICE"),
        Column::shrinking("WHAT"),
        Column::left("BY"),
    ]);
    for moment in &timeline.moments {
        table.row(vec![
            Cell::new(Role::Dim, past::clock(moment.at, utc)),
            moment.subject().into(),
            Cell::new(role(moment.tone()), moment.sentence()),
            Cell::new(Role::Dim, moment.who()),
        ]);
    }
    table
}

fn role(tone: Tone) -> Role {
    match tone {
        Tone::Bad => Role::Bad,
        Tone::Warn => Role::Warn,
        Tone::Good => Role::Ok,
        Tone::Busy => Role::Info,
        Tone::Plain => Role::Text,
        Tone::Quiet => Role::Dim,
    }
}

/// A name on the left, and what it is.
fn named(paint: &Paint, name: &str, value: &str) -> String {
    format!("  {}{value}\n", paint.text(Role::Dim, &format!("{name:<10}")))
}
