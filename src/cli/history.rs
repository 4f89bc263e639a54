//! `qd history SERVICE`: what it ran, since when, and who made it so.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{HistoryArgs, TableOrJson};
use super::exit::{CliError, Exit};
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
    /// What it ran, newest first.
    revisions: Vec<RevisionJson>,
}

/// What a service ran from one time to another.
#[derive(Debug, Serialize, JsonSchema)]
struct RevisionJson {
    /// Its number in the service's history, from 1; what `qd rollback --to` takes.
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
    let [service] = found.as_slice() else {
        return Err(CliError::usage(
            format!("{:?} are {} services, and this is about one", args.service, found.len()),
            "Write project/service.",
        ));
    };
    let instances = match instance {
        Some(instance) => vec![instance],
        None => journal.instances(service).await?,
    };
    let mut revisions = Vec::new();
    for instance in &instances {
        revisions.extend(journal.revisions(instance, service).await?);
    }
    revisions.truncate(args.limit.unwrap_or(usize::MAX));
    let of_service = Query { service: Some(service.clone()), ..Query::default() };
    let operations = journal.operations(of_service).await?;
    let operations: HashMap<i64, &OperationRecord> = operations.iter().map(|o| (o.id, o)).collect();
    let here = match &fleet {
        Some(fleet) => here(session, fleet, service, &revisions).await,
        None => HashMap::new(),
    };
    let page = Page { service, revisions: &revisions, operations: &operations, here: &here };
    match args.output {
        TableOrJson::Json => json::pretty(&mut session.out, &page.json())?,
        TableOrJson::Table if revisions.is_empty() => {
            say(&format!("{}: nothing was seen to run", service.path()));
        }
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

/// Which of the images are still on the engine; nothing where one node can't tell for all.
async fn here(
    session: &Session,
    fleet: &Fleet,
    service: &ServiceId,
    revisions: &[Revision],
) -> HashMap<Arc<str>, bool> {
    let placed = fleet.replicas_of(service).any(|replica| replica.placed.is_some());
    let mut images: Vec<Arc<str>> = Vec::new();
    for revision in revisions {
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
    service: &'a ServiceId,
    revisions: &'a [Revision],
    operations: &'a HashMap<i64, &'a OperationRecord>,
    here: &'a HashMap<Arc<str>, bool>,
}

impl Page<'_> {
    fn table(&self, utc: bool, now: Timestamp) -> Table {
        let mut table = Table::new(vec![
            Column::right("REV"),
            Column::shrinking("IMAGE"),
            Column::left("ID"),
            Column::left("FIRST SEEN"),
            Column::left("LAST SEEN"),
            Column::shrinking("BY"),
        ]);
        for revision in self.revisions {
            let gone = self.here.get(&revision.image.id) == Some(&false);
            let role = match (revision.current, gone) {
                (true, _) => Role::Ok,
                (false, true) => Role::Dim,
                (false, false) => Role::Text,
            };
            let last = if revision.current {
                "runs now".to_owned()
            } else {
                format!("{} ago", human::age_at(revision.last_seen, now))
            };
            let id = revision.image.short_id();
            table.row(vec![
                Cell::new(role, revision.number.to_string()),
                Cell::new(role, revision.image.reference.to_string()),
                Cell::new(role, if gone { format!("{id} (gone)") } else { id.to_owned() }),
                past::clock(revision.first_seen, utc).into(),
                Cell::new(role, last),
                self.by(revision).into(),
            ]);
        }
        table
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
        let revision = |revision: &Revision| RevisionJson {
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
        HistoryJson {
            schema: 1,
            service: self.service.path(),
            revisions: self.revisions.iter().map(revision).collect(),
        }
    }
}
