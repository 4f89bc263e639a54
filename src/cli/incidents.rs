//! `qd incidents`: what is wrong by the alert rules, what was, and who has seen it.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{IncidentsArgs, IncidentsCommand, TableOrJson};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::table::{Cell, Column, Table};
use super::{json, past, say};
use crate::alert::{self, Incident, Severity};
use crate::config::Role;
use crate::fleet::{Causes, ServiceId};
use crate::journal::{IncidentQuery, Journal, JournalError, Query};
use crate::text::{human, sanitize};

/// So many are listed where nobody says how many.
const LISTED: u32 = 50;

/// What `-o json` prints. Fields are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
struct IncidentsJson {
    /// The version of this schema.
    schema: u32,
    /// Open ones: the worst first, causes before what they explain. With others: the newest first.
    incidents: Vec<IncidentJson>,
}

/// One incident.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct IncidentJson {
    /// Its number in the journal; absent where it is in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// Whether it is open.
    open: bool,
    /// The rule's name.
    rule: String,
    /// `critical`, `high`, `medium`, `low`.
    severity: &'static str,
    /// `project/service`, the name of a lone container, or `host`.
    subject: String,
    /// The figures: `error_rate 8.2%`.
    figures: String,
    /// The rule's condition.
    condition: String,
    /// What the rule says of it.
    description: String,
    /// How often it came.
    times: u32,
    /// Since when the condition held, RFC 3339.
    since: String,
    /// When it had held for long enough, RFC 3339.
    opened: String,
    /// When it ended, RFC 3339; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<String>,
    /// Why it ended: `over`, `gone` (the service), `blind` (no figures), `no-rule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'static str>,
    /// The service because of which its own is not well, where one is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    /// What keeps it quiet now.
    #[serde(skip_serializing_if = "Option::is_none")]
    muted: Option<String>,
    /// Who has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<AcknowledgedJson>,
}

/// Somebody has seen it.
#[derive(Debug, Serialize, JsonSchema)]
struct AcknowledgedJson {
    /// Who.
    who: String,
    /// When, RFC 3339.
    at: String,
    /// What they say.
    note: String,
}

impl IncidentJson {
    pub(super) fn of(incident: &Incident) -> Self {
        Self {
            id: incident.id,
            open: incident.closed.is_none(),
            rule: incident.key.rule.to_string(),
            severity: incident.severity.word(),
            subject: incident.subject(),
            figures: incident.figures.to_string(),
            condition: incident.condition.to_string(),
            description: incident.description.to_string(),
            times: incident.times,
            since: human::rfc3339(incident.since),
            opened: human::rfc3339(incident.opened),
            closed: incident.closed.map(|(at, _)| human::rfc3339(at)),
            ended: incident.closed.map(|(_, end)| end.word()),
            because: None,
            muted: incident.muted.as_ref().map(|muted| muted.why.to_string()),
            acknowledged: incident.acknowledged.as_ref().map(|seen| AcknowledgedJson {
                who: seen.who.to_string(),
                at: human::rfc3339(seen.at),
                note: seen.note.to_string(),
            }),
        }
    }
}

/// The schema of the JSON output.
pub(super) fn schema() -> Schema {
    schema_for!(IncidentsJson)
}

/// List them, or say that one was seen.
pub(super) async fn run(session: &mut Session, args: &IncidentsArgs) -> Result<Exit, CliError> {
    match &args.command {
        Some(IncidentsCommand::Ack { number, note }) => acknowledge(session, *number, &note.join(" ")).await,
        None => list(session, args).await,
    }
}

async fn list(session: &mut Session, args: &IncidentsArgs) -> Result<Exit, CliError> {
    let journal = past::journal(session)?;
    let now = Timestamp::now();
    let (since, _) = past::span(args.since.as_deref(), None, now)?;
    let fleet = past::fleet(session).await;
    let instance = fleet.as_ref().map(|fleet| session.bridge(fleet).instance);
    let causes = fleet.map(|fleet| fleet.causes(now)).unwrap_or_default();
    let mut found = find(&journal, args, since, instance.as_deref()).await?;
    if !args.all && since.is_none() {
        alert::by_cause(&mut found, &causes);
    }
    if args.output == TableOrJson::Json {
        let because = |incident: &Incident| because(&causes, incident).map(ServiceId::path);
        let json = |incident| IncidentJson { because: because(incident), ..IncidentJson::of(incident) };
        let incidents = found.iter().map(json).collect();
        json::pretty(&mut session.out, &IncidentsJson { schema: 1, incidents })?;
    } else if found.is_empty() {
        let all = args.all || since.is_some();
        say(if all { "there were no incidents" } else { "no incident is open (--all: those that are over)" });
    } else {
        let text = table(&found, &causes, args.utc || session.settings.ui.utc, now).render(
            &session.out.paint,
            session.out.fit(),
            session.out.glyphs.ellipsis,
        );
        session.out.text(&text)?;
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

/// Those of this engine (and of one that could not be reached), with what keeps them quiet.
async fn find(
    journal: &Journal,
    args: &IncidentsArgs,
    since: Option<Timestamp>,
    instance: Option<&str>,
) -> Result<Vec<Incident>, JournalError> {
    let query = IncidentQuery { of: Query { since, ..Query::default() }, open: !args.all && since.is_none() };
    let ours = |known: &str| instance.is_none_or(|instance| known == instance || known.is_empty());
    let mut found: Vec<Incident> = Vec::new();
    for (known, mut incident) in journal.incidents(query).await? {
        if !ours(&known) {
            continue;
        }
        if incident.closed.is_none() {
            let silences = journal.silences(&known).await?;
            let muting = crate::alert::Muting { operations: &[], silences: &silences };
            incident.muted = muting.of(&incident.key, Timestamp::now());
        }
        found.push(incident);
        if found.len() >= args.limit.unwrap_or(LISTED) as usize {
            break;
        }
    }
    Ok(found)
}

/// The colour of a severity.
pub(super) fn role(severity: Severity) -> Role {
    match severity {
        Severity::Critical | Severity::High => Role::Bad,
        Severity::Medium => Role::Warn,
        Severity::Low => Role::Text,
    }
}

/// The service because of which that of an open incident is not well.
fn because<'c>(causes: &'c Causes, incident: &Incident) -> Option<&'c ServiceId> {
    let service = incident.key.service.as_ref().filter(|_| incident.closed.is_none())?;
    causes.because(service)
}

fn table(found: &[Incident], causes: &Causes, utc: bool, now: Timestamp) -> Table {
    let mut table = Table::new(vec![
        Column::right("N"),
        Column::left("SEVERITY"),
        Column::left("RULE"),
        Column::shrinking("SUBJECT"),
        Column::left("SINCE"),
        Column::left("STATE"),
        Column::shrinking("FIGURES"),
    ]);
    for incident in found {
        let role = if incident.closed.is_some() { Role::Dim } else { role(incident.severity) };
        table.row(vec![
            Cell::new(role, incident.id.map(|id| id.to_string()).unwrap_or_default()),
            Cell::new(role, incident.severity.word()),
            Cell::new(role, incident.key.rule.to_string()),
            incident.subject().into(),
            past::clock(incident.since, utc).into(),
            match because(causes, incident) {
                Some(cause) => format!("{}, because of {}", state(incident, now), cause.name),
                None => state(incident, now),
            }
            .into(),
            incident.figures.to_string().into(),
        ]);
    }
    table
}

/// `open 3 min`, `seen by ada: on it`, `over after 2 h`.
fn state(incident: &Incident, now: Timestamp) -> String {
    let lasted = incident.lasted(now);
    match (&incident.closed, &incident.acknowledged, &incident.muted) {
        (Some((_, end)), _, _) => format!("{} after {lasted}", end.words()),
        (None, Some(seen), _) if seen.note.is_empty() => format!("open {lasted}, seen by {}", seen.who),
        (None, Some(seen), _) => format!("open {lasted}, seen by {}: {}", seen.who, seen.note),
        (None, None, Some(muted)) => format!("open {lasted}, {}", muted.why),
        (None, None, None) => format!("open {lasted}"),
    }
}

/// The longest note kept, columns.
const NOTE: usize = 300;

async fn acknowledge(session: &mut Session, number: i64, note: &str) -> Result<Exit, CliError> {
    let journal = written(session)?;
    let note = sanitize::label(note.trim(), NOTE);
    let incident = journal.acknowledge(number, session.who.clone(), &note).await?;
    session.out.line(&format!("seen: {}", incident.sentence()))?;
    session.out.flush()?;
    Ok(Exit::Done)
}

/// The journal, to write in.
pub(super) fn written(session: &Session) -> Result<Journal, CliError> {
    match (&session.journal, &session.journal_problem) {
        (Some(journal), _) => Ok(journal.clone()),
        (None, Some(problem)) => Err(CliError::refused(problem.to_string(), problem.remedy())),
        (None, None) => {
            Err(CliError::usage("incidents and silences stand in the journal", "Leave --no-journal out."))
        }
    }
}
