//! `qd journal`: what was done here and what happened, and what became of one operation.

mod json;
mod one;

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;

use super::args::{JournalArgs, JournalFormat};
use super::exit::{CliError, Exit};
use super::past::EnginePast;
use super::session::Session;
use super::style::Paint;
use super::table::{Cell, Column, Table};
use super::{past, say};
use crate::config::Role;
use crate::fleet::{Revision, ServiceId};
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
    let (since, until) = past::span(args.since.as_deref(), args.until.as_deref(), now)?;
    let filter = Filter {
        services,
        since,
        until,
        parts: args.all,
        text: args.grep.clone().unwrap_or_default(),
        ..Filter::default()
    };
    let whole = args.since.is_some() || args.output == JournalFormat::Markdown;
    let limit = args.limit.unwrap_or(if whole { ALL } else { USUAL });
    let engines = past::engines(&journal, fleet.as_ref(), instance.as_deref()).await?;
    let chapters = chapters(&journal, engines, &filter, limit).await?;
    let utc = args.utc || session.settings.ui.utc;
    match args.output {
        JournalFormat::Json => json::timeline(&mut session.out, &chapters)?,
        JournalFormat::Markdown => {
            let span = (filter.since, filter.until.unwrap_or(now).min(now));
            let subject = args.subject.clone().unwrap_or_else(|| "all services".into());
            let text = reports(session, &journal, chapters, &filter.services, &subject, span, utc).await?;
            session.out.text(&text)?;
        }
        JournalFormat::Table if chapters.iter().all(|chapter| chapter.moments.is_empty()) => {
            say(&nothing(&journal, args, &filter).await?);
        }
        JournalFormat::Table => {
            let text = table(&chapters, utc).render(
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

/// What happened on one engine, oldest first.
struct Chapter {
    engine: EnginePast,
    moments: Vec<Moment>,
}

/// Everything in the order it happened, with where.
fn in_order(chapters: &[Chapter]) -> Vec<(&Chapter, &Moment)> {
    let mut all = Vec::new();
    for chapter in chapters {
        all.extend(chapter.moments.iter().map(|moment| (chapter, moment)));
    }
    all.sort_by_key(|(_, moment)| moment.at);
    all
}

/// What happened on each of these, together the newest so many. Each is read for itself: what
/// happened on one host is no part of what happened on another, though services are called the same.
async fn chapters(
    journal: &Journal,
    engines: Vec<EnginePast>,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<Chapter>, CliError> {
    let mut chapters = Vec::new();
    for engine in engines {
        let timeline = Timeline::read(journal, Some(&engine.instance), filter, limit).await?;
        chapters.push(Chapter { engine, moments: timeline.moments });
    }
    let times: Vec<Timestamp> = in_order(&chapters).into_iter().map(|(_, moment)| moment.at).collect();
    let over = times.len().saturating_sub(limit as usize);
    if let Some(first) = times.get(over).copied().filter(|_| over > 0) {
        for chapter in &mut chapters {
            chapter.moments.retain(|moment| moment.at >= first);
        }
    }
    Ok(chapters)
}

/// What to say where there is nothing to show.
async fn nothing(journal: &Journal, args: &JournalArgs, filter: &Filter) -> Result<String, CliError> {
    if journal.engines().await?.is_empty() {
        let place = journal.path().display();
        return Ok(format!("the journal is empty ({place}): qd writes down what it sees and does"));
    }
    let of = args.subject.as_ref().map(|_| {
        let paths: Vec<String> = filter.services.iter().take(2).map(ServiceId::path).collect();
        let more = filter.services.len().saturating_sub(paths.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!(" of {}{more}", paths.join(", "))
    });
    let narrowed = args.since.is_some() || args.until.is_some() || args.grep.is_some();
    let of = of.unwrap_or_default();
    Ok(match (narrowed, filter.services.as_slice()) {
        (true, _) => format!("nothing that matches is on record{of}"),
        (false, [service]) => {
            format!("nothing happened{of} as far as is on record; what it ran: qd history {}", service.path())
        }
        (false, _) => format!("nothing happened{of} as far as is on record"),
    })
}

/// The report of an incident; where several engines are looked at, one of each.
async fn reports(
    session: &Session,
    journal: &Journal,
    mut chapters: Vec<Chapter>,
    services: &[ServiceId],
    subject: &str,
    span: (Option<Timestamp>, Timestamp),
    utc: bool,
) -> Result<String, CliError> {
    let several = chapters.len() > 1;
    chapters.retain(|chapter| !(several && chapter.moments.is_empty()));
    let mut texts = Vec::new();
    for chapter in &chapters {
        let revisions = revisions(journal, &chapter.engine.instance, services).await?;
        let moments = chapter.moments.iter().collect();
        texts.push(report(session, &chapter.engine.name, subject, span, utc, moments, &revisions));
    }
    if texts.is_empty() {
        texts.push(report(session, "", subject, span, utc, Vec::new(), &[]));
    }
    Ok(texts.join("\n"))
}

/// What the services of a report ran.
async fn revisions(
    journal: &Journal,
    instance: &str,
    services: &[ServiceId],
) -> Result<Vec<Revision>, CliError> {
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
    host: &str,
    subject: &str,
    (from, to): (Option<Timestamp>, Timestamp),
    utc: bool,
    moments: Vec<&Moment>,
    revisions: &[Revision],
) -> String {
    let (subject, host) = (subject.to_owned(), host.to_owned());
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

/// Everything in the order it happened, with a column of engines where there are several.
fn table(chapters: &[Chapter], utc: bool) -> Table {
    let several = chapters.iter().filter(|chapter| !chapter.moments.is_empty()).count() > 1;
    let mut columns = vec![Column::left("TIME")];
    if several {
        columns.push(Column::shrinking("ENGINE"));
    }
    columns.extend([Column::left("SERVICE"), Column::shrinking("WHAT"), Column::left("BY")]);
    let mut table = Table::new(columns);
    for (chapter, moment) in in_order(chapters) {
        let mut row = vec![Cell::new(Role::Dim, past::clock(moment.at, utc))];
        if several {
            row.push(Cell::new(Role::Dim, chapter.engine.name.as_str()));
        }
        row.extend([
            moment.subject().into(),
            Cell::new(role(moment.tone()), moment.sentence()),
            Cell::new(Role::Dim, moment.who()),
        ]);
        table.row(row);
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
