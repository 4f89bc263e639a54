//! What the console has to know before it can plan: asked beside the screen, bounded in time.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::dialog::Past;
use super::super::ledger::History;
use super::super::update::Answer;
use crate::engine::{Engine, EngineError, Query, Secrets, Survey};
use crate::fleet::{Fleet, ReplicaId, ServiceId};
use crate::journal::{self, Journal, JournalError};
use crate::operate::Bridge;
use crate::postmortem::{self, Found, Sight};

/// How long a look may take.
const BOUND: Duration = Duration::from_secs(20);
/// Operations read to say who made a revision.
const MAKERS: u32 = 200;
/// Events read for a timeline.
const EVENTS: u32 = 2000;
/// Post-mortems read for one: all that are kept of an engine.
const DEATHS: u32 = 200;

/// Which engine it is, for the journal; empty before it has told.
pub(super) fn instance(fleet: &Fleet) -> String {
    fleet.engine().map(|e| e.instance.clone()).unwrap_or_default()
}

/// What planning this depends on.
pub(super) async fn survey(engine: Arc<dyn Engine>, query: Query) -> Result<Survey, EngineError> {
    match tokio::time::timeout(BOUND, engine.survey(&query)).await {
        Ok(result) => result,
        Err(_) => Err(EngineError::Timeout {
            endpoint: engine.endpoint(),
            seconds: BOUND.as_secs(),
            during: "looking before a change".to_owned(),
        }),
    }
}

/// What the journal has about a service; `None`: about all of them.
pub(super) async fn history(
    journal: Journal,
    instance: String,
    of: Option<ServiceId>,
) -> Result<History, JournalError> {
    let query = |limit| journal::Query {
        instance: Some(instance.clone()),
        service: of.clone(),
        limit: Some(limit),
        ..journal::Query::default()
    };
    let operations = journal.operations(query(MAKERS)).await?;
    let events = journal.events(query(EVENTS)).await?;
    let post_mortems = journal.post_mortems(query(DEATHS)).await?;
    Ok(History { operations, events, post_mortems })
}

/// What is masked in a replica's environment; nothing that is not on record as shown, unless there
/// is to be no record.
pub(super) async fn secrets(
    bridge: Bridge,
    replica: ReplicaId,
    service: ServiceId,
) -> Result<Secrets, String> {
    let said = |why: String, remedy: String| format!("{why}. {remedy}");
    let secrets = bridge.engine.reveal(&replica).await.map_err(|e| said(e.to_string(), e.remedy()))?;
    if let Some(journal) = bridge.journal {
        let names = secrets.names().map(str::to_owned).collect();
        let written = journal.revealed(&bridge.instance, &service, names, bridge.who, Timestamp::now()).await;
        written.map_err(|e| said(e.to_string(), e.remedy()))?;
    }
    Ok(secrets)
}

/// Why something of a service died: the post-mortem of that number, else the last one.
pub(super) async fn post_mortem(
    engine: Arc<dyn Engine>,
    journal: Option<Journal>,
    instance: String,
    service: ServiceId,
    last: Result<Option<Sight>, i64>,
) -> Answer {
    let said = |error: JournalError| format!("{error}. {}", error.remedy());
    let found = match (last, &journal) {
        (Err(id), Some(journal)) => {
            let kept = journal.post_mortem(id).await.map_err(said)?;
            kept.map(|kept| Found { id: Some(id), record: postmortem::read(&kept.record), note: None })
        }
        (Err(_), None) => None,
        (Ok(last), journal) => {
            postmortem::find(&engine, journal.as_ref(), &instance, &service, last).await.map_err(said)?
        }
    };
    let query =
        journal::Query { instance: Some(instance), service: Some(service), ..journal::Query::default() };
    let kept = match &journal {
        Some(journal) => journal.post_mortems(query).await.map_err(said)?,
        None => Vec::new(),
    };
    Ok(found.map(|found| (Box::new(found), kept.into_iter().map(|kept| kept.id).collect())))
}

/// What a service ran, and who made it run that.
pub(super) async fn revisions(
    journal: Option<Journal>,
    instance: String,
    service: ServiceId,
) -> Result<Vec<Past>, JournalError> {
    let journal = journal.ok_or(JournalError::Closed)?;
    let revisions = journal.revisions(&instance, &service).await?;
    let query = journal::Query {
        instance: Some(instance),
        service: Some(service),
        limit: Some(MAKERS),
        ..journal::Query::default()
    };
    let makers = journal.operations(query).await?;
    let by = |id: i64| match makers.iter().find(|m| m.id == id) {
        Some(maker) => format!("{} (operation {id})", maker.begun.who.words()),
        None => format!("operation {id}"),
    };
    let past = |revision: crate::fleet::Revision| {
        let by = revision.by.map(by).unwrap_or_default();
        Past { revision, by }
    };
    Ok(revisions.into_iter().map(past).collect())
}
