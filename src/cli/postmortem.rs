//! `qd postmortem`: why something died, and what was known around it.

use std::fmt::Write as _;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{PostmortemArgs, PostmortemFormat};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::table::{Cell, Column, Table};
use super::{json, past, say};
use crate::config::Role;
use crate::fleet::ServiceId;
use crate::journal::{Journal, PostMortem, Query};
use crate::postmortem::{Cause, Found, Page, Record, Row, Sight, Tone, facts, find, markdown, read};
use crate::text::human;

/// So many are listed where nobody says how many.
const LISTED: u32 = 50;

/// What `-o json` prints of one. Fields are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
struct PostmortemJson {
    /// The version of this schema.
    schema: u32,
    /// Its number in the journal; absent: it was put together now and is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// Why it died.
    cause: Cause,
    /// The cause in one sentence, how often included.
    sentence: String,
    /// What points to it, one sentence each.
    facts: Vec<String>,
    /// What else is to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Everything found.
    record: Record,
}

/// What `-o json` prints without a service.
#[derive(Debug, Serialize)]
struct ListJson {
    schema: u32,
    postmortems: Vec<OneJson>,
}

#[derive(Debug, Serialize)]
struct OneJson {
    id: i64,
    service: String,
    kind: String,
    first: String,
    last: String,
    times: u32,
    sentence: String,
}

/// The schema of the JSON output.
pub(super) fn schema() -> Schema {
    schema_for!(PostmortemJson)
}

/// Print one, or list those that are kept.
pub(super) async fn run(session: &mut Session, args: &PostmortemArgs) -> Result<Exit, CliError> {
    match (args.id, &args.service) {
        (Some(id), _) => {
            let journal = past::journal(session)?;
            let kept = by_number(&journal, id).await?;
            print(session, args, &kept)?;
        }
        (None, Some(name)) => {
            let found = of_service(session, args, name).await?;
            print(session, args, &found)?;
        }
        (None, None) => list(session, args).await?,
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

async fn by_number(journal: &Journal, id: i64) -> Result<Found, CliError> {
    let kept = journal.post_mortem(id).await?.ok_or_else(|| {
        CliError::usage(format!("there is no post-mortem {id}"), "See qd postmortem for those there are.")
    })?;
    Ok(Found { id: Some(kept.id), record: read(&kept.record), note: None })
}

async fn of_service(session: &Session, args: &PostmortemArgs, name: &str) -> Result<Found, CliError> {
    // Without a journal what the engine still knows can be told.
    let journal = if session.without_journal && !args.last { None } else { Some(past::journal(session)?) };
    let fleet = if args.last { session.fleet().await.ok() } else { past::fleet(session).await };
    let instance = fleet.as_ref().map(|fleet| session.bridge(fleet).instance);
    let known = match &journal {
        Some(journal) => journal.services(instance.as_deref()).await?,
        None => Vec::new(),
    };
    let services = past::services(fleet.as_ref(), &known, name, args.project.as_deref())?;
    let service = one(&services, name)?;
    let nothing = || {
        CliError::failed(
            format!("nothing of {} has died, as far as engine and journal know", service.path()),
            "A death is kept while the console or qd watch runs; see qd postmortem for those kept.",
        )
    };
    if let Some(fleet) = fleet.as_ref().filter(|_| !args.last) {
        let (instance, last) = (instance.as_deref().unwrap_or_default(), Sight::newest(fleet, service));
        let found = find(&session.engine, journal.as_ref(), instance, service, last).await?;
        return found.ok_or_else(nothing);
    }
    let Some(journal) = journal else { return Err(nothing()) };
    let query = Query { instance, service: Some(service.clone()), limit: Some(1), ..Query::default() };
    match journal.post_mortems(query).await?.first() {
        Some(kept) => by_number(&journal, kept.id).await,
        None => Err(nothing()),
    }
}

/// The one service that is meant.
fn one<'a>(found: &'a [ServiceId], written: &str) -> Result<&'a ServiceId, CliError> {
    match found {
        [one] => Ok(one),
        _ => Err(CliError::usage(
            format!("{written:?} means {} services, and this is about one", found.len()),
            "Write project/service.",
        )),
    }
}

fn print(session: &mut Session, args: &PostmortemArgs, found: &Found) -> Result<(), CliError> {
    let utc = args.utc || session.settings.ui.utc;
    let Found { id, record, note } = found;
    match args.output {
        PostmortemFormat::Json => {
            let cause = Cause::of(record);
            let one = PostmortemJson {
                schema: 1,
                id: *id,
                sentence: cause.sentence(),
                cause,
                facts: facts(record),
                note: note.clone(),
                record: record.clone(),
            };
            json::pretty(&mut session.out, &one)
        }
        PostmortemFormat::Md => {
            let page = Page::of(record, *id, utc, Timestamp::now());
            session.out.text(&markdown(&page))
        }
        PostmortemFormat::Text => {
            let page = Page::of(record, *id, utc, Timestamp::now());
            let text = plain(session, &page, note.as_deref());
            session.out.text(&text)
        }
    }
}

fn plain(session: &Session, page: &Page, note: Option<&str>) -> String {
    let paint = &session.out.paint;
    let mut out = format!("{}\n", paint.text(Role::Title, &page.title));
    let _ = writeln!(out, "{}", paint.text(role(page.tone), &page.cause));
    if let Some(note) = note {
        let _ = writeln!(out, "{}", paint.text(Role::Warn, note));
    }
    let widest = page.rows.iter().filter_map(|row| match row {
        Row::Pair(name, ..) => Some(name.len()),
        _ => None,
    });
    let widest = widest.max().unwrap_or(0);
    for row in &page.rows {
        let line = match row {
            Row::Head(title) => format!("\n{}", paint.text(Role::Title, title)),
            Row::Say(tone, words) => format!("  {}", paint.text(role(*tone), words)),
            Row::Pair(name, tone, value) => {
                let name = paint.text(Role::Dim, &format!("{name:<widest$}"));
                format!("  {name}  {}", paint.text(role(*tone), &value.replace('\n', " ")))
            }
            Row::Moment(at, tone, what) => {
                format!("  {}  {}", paint.text(Role::Time, at), paint.text(role(*tone), what))
            }
            Row::Log(at, tone, line) if at.is_empty() => format!("    {}", paint.text(role(*tone), line)),
            Row::Log(at, tone, line) => {
                format!("  {}  {}", paint.text(Role::Time, at), paint.text(role(*tone), line))
            }
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn role(tone: Tone) -> Role {
    match tone {
        Tone::Bad => Role::Bad,
        Tone::Warn => Role::Warn,
        Tone::Good => Role::Ok,
        Tone::Plain => Role::Text,
        Tone::Quiet => Role::Dim,
    }
}

async fn list(session: &mut Session, args: &PostmortemArgs) -> Result<(), CliError> {
    let journal = past::journal(session)?;
    let instance = past::fleet(session).await.map(|fleet| session.bridge(&fleet).instance);
    let limit = Some(args.limit.unwrap_or(LISTED));
    let kept = journal.post_mortems(Query { instance, limit, ..Query::default() }).await?;
    match args.output {
        PostmortemFormat::Json => {
            let one = |it: &PostMortem| OneJson {
                id: it.id,
                service: it.service.path(),
                kind: it.kind.clone(),
                first: human::rfc3339(it.first),
                last: human::rfc3339(it.last),
                times: it.times,
                sentence: it.sentence.clone(),
            };
            json::pretty(
                &mut session.out,
                &ListJson { schema: 1, postmortems: kept.iter().map(one).collect() },
            )
        }
        _ if kept.is_empty() => {
            say("no post-mortem is kept: nothing died while the console or qd watch looked on");
            Ok(())
        }
        PostmortemFormat::Text | PostmortemFormat::Md => {
            let utc = args.utc || session.settings.ui.utc;
            let mut table = Table::new(vec![
                Column::right("N"),
                Column::left("LAST"),
                Column::shrinking("SERVICE"),
                Column::right("DEATHS"),
                Column::shrinking("CAUSE"),
            ]);
            for it in &kept {
                table.row(vec![
                    it.id.to_string().into(),
                    past::clock(it.last, utc).into(),
                    it.service.path().into(),
                    it.times.to_string().into(),
                    Cell::new(Role::Bad, it.sentence.clone()),
                ]);
            }
            let text = table.render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
            session.out.text(&text)
        }
    }
}
