//! `qd history SERVICE`: what it ran, since when, and who made it so.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{HistoryArgs, TableOrJson};
use super::exit::{CliError, Exit};
use super::past::EnginePast;
use super::session::Session;
use super::table::{Cell, Column, Table};
use super::{json, past, say};
use crate::config::Role;
use crate::engine::Query as Look;
use crate::fleet::{Fleet, Revision, ServiceId};
use crate::journal::{OperationRecord, Query};
use crate::text::human;

/// So many images are looked for on the engine.
const LOOKED_FOR: usize = 100;

/// What `-o json` prints. Fields are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
struct HistoryJson {
    /// The version of this schema.
    schema: u32,
    /// `project/service`, or the name of a lone container.
    service: String,
    /// What it ran, newest first; without an engine, of each engine on record after the other.
    revisions: Vec<RevisionJson>,
}

/// What a service ran from one time to another.
#[derive(Debug, Serialize, JsonSchema)]
struct RevisionJson {
    /// The engine's host, as far as that is known.
    engine: String,
    /// The engine's own id.
    instance: String,
    /// What kind of engine runs the service: `docker`, `swarm`, ….
    kind: String,
    /// Its number in the service's history on that engine, from 1; what `qd rollback --to` takes.
    number: u32,
    /// The reference it was made from.
    reference: String,
    /// The image's tag.
    tag: String,
    /// The image's id.
    id: String,
    /// A hash of its settings; absent where they were not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<String>,
    /// When it was first seen to run, RFC 3339.
    first_seen: String,
    /// When it was last seen to run, RFC 3339.
    last_seen: String,
    /// It is what runs now, as far as was seen.
    current: bool,
    /// The operation that made it; absent: not made with qd.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<i64>,
    /// Who made it, with qd.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// Whether its image is on the engine; absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_here: Option<bool>,
}

/// The schema of the JSON output.
pub(super) fn schema() -> Schema {
    schema_for!(HistoryJson)
}

/// Print what a service ran.
pub(super) async fn run(session: &mut Session, args: &HistoryArgs) -> Result<Exit, CliError> {
    let journal = past::journal(session)?;
    let fleet = past::fleet(session).await;
    let instance = fleet.as_ref().map(|fleet| session.bridge(fleet).instance);
    let known = journal.services(instance.as_deref()).await?;
    let found = past::services(fleet.as_ref(), &known, &args.service, args.project.as_deref())?;
    let path = one_path(&found, &args.service)?;
    let engines = past::engines(&journal, fleet.as_ref(), instance.as_deref()).await?;
    let mut ran = Vec::new();
    let mut operations: HashMap<i64, OperationRecord> = HashMap::new();
    for service in &found {
        for engine in &engines {
            let mut revisions = journal.revisions(&engine.instance, service).await?;
            revisions.truncate(args.limit.map_or(usize::MAX, |limit| limit as usize));
            if !revisions.is_empty() {
                ran.push(Ran { engine: engine.clone(), kind: service.engine.to_string(), revisions });
            }
        }
        let of_service = Query { service: Some(service.clone()), ..Query::default() };
        operations.extend(journal.operations(of_service).await?.into_iter().map(|o| (o.id, o)));
    }
    let here = match &fleet {
        Some(fleet) => here(session, fleet, &found, &ran).await,
        None => HashMap::new(),
    };
    let live = fleet.is_some();
    let page = Page { path: &path, ran: &ran, operations: &operations, here: &here, live };
    match args.output {
        TableOrJson::Json => json::pretty(&mut session.out, &page.json())?,
        TableOrJson::Table if ran.is_empty() => say(&format!("{path}: nothing was seen to run")),
        TableOrJson::Table => {
            let utc = args.utc || session.settings.ui.utc;
            let table = page.table(utc, Timestamp::now());
            let text = table.render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
            session.out.text(&text)?;
        }
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

/// The one service that is meant, by its path: several engines may each have one of that name.
fn one_path(found: &[ServiceId], written: &str) -> Result<String, CliError> {
    let mut paths: Vec<String> = found.iter().map(ServiceId::path).collect();
    paths.dedup();
    match paths.as_slice() {
        [path] => Ok(path.clone()),
        _ => Err(CliError::usage(
            format!("{written:?} means {} services, and this is about one", paths.len()),
            "Write project/service.",
        )),
    }
}

/// What it ran on one engine, newest first.
struct Ran {
    engine: EnginePast,
    /// `docker`, `swarm`, …: one host may have both.
    kind: String,
    revisions: Vec<Revision>,
}

/// Which of the images are still on the engine; nothing where one node can't tell for all.
async fn here(
    session: &Session,
    fleet: &Fleet,
    services: &[ServiceId],
    ran: &[Ran],
) -> HashMap<Arc<str>, bool> {
    let mut replicas = services.iter().flat_map(|service| fleet.replicas_of(service));
    let placed = replicas.any(|replica| replica.placed.is_some());
    let mut images: Vec<Arc<str>> = Vec::new();
    for revision in ran.iter().flat_map(|ran| &ran.revisions) {
        if !revision.image.id.is_empty() && !images.contains(&revision.image.id) && images.len() < LOOKED_FOR
        {
            images.push(revision.image.id.clone());
        }
    }
    if placed || images.is_empty() {
        return HashMap::new();
    }
    match session.engine.survey(&Look { images, ..Look::default() }).await {
        Ok(survey) => survey.images.into_iter().map(|(id, found)| (id, found.is_some())).collect(),
        Err(error) => {
            tracing::debug!(%error, "which images are here is not known");
            HashMap::new()
        }
    }
}

struct Page<'a> {
    path: &'a str,
    ran: &'a [Ran],
    operations: &'a HashMap<i64, OperationRecord>,
    here: &'a HashMap<Arc<str>, bool>,
    /// The engine is there: what is current runs now.
    live: bool,
}

impl Page<'_> {
    /// With a column of engines where there are several: each counts for itself.
    fn table(&self, utc: bool, now: Timestamp) -> Table {
        let several = self.ran.len() > 1;
        let kinds: HashSet<&str> = self.ran.iter().map(|ran| ran.kind.as_str()).collect();
        let mut columns = if several { vec![Column::shrinking("ENGINE")] } else { Vec::new() };
        columns.extend([
            Column::right("REV"),
            Column::shrinking("IMAGE"),
            Column::left("ID"),
            Column::left("FIRST SEEN"),
            Column::left("LAST SEEN"),
            Column::shrinking("BY"),
        ]);
        let mut table = Table::new(columns);
        for ran in self.ran {
            let engine = match kinds.len() {
                2.. => format!("{} {}", ran.engine.name, ran.kind),
                _ => ran.engine.name.clone(),
            };
            for revision in &ran.revisions {
                let mut row = if several { vec![Cell::new(Role::Dim, engine.as_str())] } else { Vec::new() };
                row.extend(self.row(revision, utc, now));
                table.row(row);
            }
        }
        table
    }

    fn row(&self, revision: &Revision, utc: bool, now: Timestamp) -> [Cell; 6] {
        let gone = self.here.get(&revision.image.id) == Some(&false);
        let role = match (revision.current, gone) {
            (true, _) => Role::Ok,
            (false, true) => Role::Dim,
            (false, false) => Role::Text,
        };
        let ago = format!("{} ago", human::age_at(revision.last_seen, now));
        let last = match (revision.current, self.live) {
            (true, true) => "runs now".to_owned(),
            // Nobody looked since.
            (true, false) => format!("{ago}, the last"),
            (false, _) => ago,
        };
        let id = revision.image.short_id();
        [
            Cell::new(role, revision.number.to_string()),
            Cell::new(role, revision.image.reference.to_string()),
            Cell::new(role, if gone { format!("{id} (gone)") } else { id.to_owned() }),
            past::clock(revision.first_seen, utc).into(),
            Cell::new(role, last),
            self.by(revision).into(),
        ]
    }

    /// `#7 deploy, ada`.
    fn by(&self, revision: &Revision) -> String {
        let Some(id) = revision.by else { return String::new() };
        match self.operations.get(&id) {
            Some(operation) => format!("#{id} {}, {}", operation.begun.change, operation.begun.who.words()),
            None => format!("#{id}"),
        }
    }

    fn json(&self) -> HistoryJson {
        let revision = |ran: &Ran, revision: &Revision| RevisionJson {
            engine: ran.engine.name.clone(),
            instance: ran.engine.instance.clone(),
            kind: ran.kind.clone(),
            number: revision.number,
            reference: revision.image.reference.to_string(),
            tag: revision.image.tag().to_owned(),
            id: revision.image.id.to_string(),
            spec: revision.spec.map(|spec| spec.to_string()),
            first_seen: human::rfc3339(revision.first_seen),
            last_seen: human::rfc3339(revision.last_seen),
            current: revision.current,
            operation: revision.by,
            by: revision.by.and_then(|id| self.operations.get(&id)).map(|o| o.begun.who.words()),
            image_here: self.here.get(&revision.image.id).copied(),
        };
        let revisions = self.ran.iter().flat_map(|ran| ran.revisions.iter().map(move |r| revision(ran, r)));
        HistoryJson { schema: 1, service: self.path.to_owned(), revisions: revisions.collect() }
    }
}
