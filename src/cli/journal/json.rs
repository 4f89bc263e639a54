//! What `qd journal -o json` prints. Fields are added, never renamed.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::super::exit::CliError;
use super::super::json;
use super::super::out::Out;
use super::{Chapter, Steps, in_order};
use crate::fleet::ServiceId;
use crate::journal::timeline::{Moment, What};
use crate::journal::{OperationRecord, StepRecord, Who};
use crate::text::human;

/// What `qd journal -o json` prints; `qd journal N -o json` prints one [`OperationJson`].
#[derive(Debug, Serialize, JsonSchema)]
struct JournalJson {
    /// The version of this schema.
    schema: u32,
    /// What happened, oldest first.
    moments: Vec<MomentJson>,
}

/// One thing that happened, or a run of the same.
#[derive(Debug, Serialize, JsonSchema)]
struct MomentJson {
    /// The engine's host, as far as that is known.
    engine: String,
    /// The engine's own id.
    instance: String,
    /// When it began, RFC 3339.
    at: String,
    /// When it ended; absent: at once, or it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// `operation`, `health`, `life` or `reveal`.
    kind: &'static str,
    /// To which services, as `project/service`.
    services: Vec<String>,
    /// What happened, in words.
    sentence: String,
    /// By whom or what, in words; empty: nobody said.
    by: String,
    /// The operation, with its steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<OperationJson>,
    /// What the engine told.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<EventJson>,
    /// The names of the secrets that were shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<String>,
}

/// What the engine told.
#[derive(Debug, Serialize, JsonSchema)]
struct EventJson {
    /// The replica's name.
    replica: String,
    /// `died`, `oom`, `unhealthy`, `healthy`, `started`, `stopped`, `restarted`, ….
    what: String,
    /// More about it: `exit 1`.
    note: String,
    /// How often.
    times: u32,
    /// The operation it is part of; absent: nobody planned it.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<i64>,
}

/// An operation, with its steps.
#[derive(Debug, Serialize, JsonSchema)]
struct OperationJson {
    /// Its number.
    id: i64,
    /// What was done: `deploy`, `scale`, ….
    change: String,
    /// The plan in one line.
    sentence: String,
    /// `running`, `undoing`, `done`, `refused`, `undone` or `failed`.
    state: &'static str,
    /// Somebody is still at it.
    alive: bool,
    /// What became of it, in words.
    outcome: String,
    /// The engine's host.
    host: String,
    /// Where it was reached.
    endpoint: String,
    /// Who began it.
    who: WhoJson,
    /// Who took it over, in order.
    adopted_by: Vec<WhoJson>,
    /// When it was begun, RFC 3339.
    begun: String,
    /// When it ended, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<u64>,
    /// The services it was about, as `project/service`.
    services: Vec<String>,
    /// Images before and after.
    images: Vec<ImageJson>,
    /// Its steps as they were taken, in order.
    steps: Vec<StepJson>,
}

/// Somebody.
#[derive(Debug, Serialize, JsonSchema)]
struct WhoJson {
    /// The user the process ran as.
    user: String,
    /// The user who became that one by sudo.
    #[serde(skip_serializing_if = "Option::is_none")]
    sudo_user: Option<String>,
    /// Where the SSH session came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh_from: Option<String>,
    /// The machine qd ran on.
    host: String,
    /// Its process.
    pid: u32,
}

/// One service's image before and after.
#[derive(Debug, Serialize, JsonSchema)]
struct ImageJson {
    /// `project/service`.
    service: String,
    /// The reference before.
    from: String,
    /// Its id.
    from_id: String,
    /// The reference after.
    to: String,
    /// Its id; empty: it was not known before it was got.
    to_id: String,
}

/// A step as it was taken.
#[derive(Debug, Serialize, JsonSchema)]
struct StepJson {
    /// Its number in the plan.
    number: u32,
    /// What it did: `create shop-api-1`; empty where the plan can't be read.
    what: String,
    /// Whether it was taken back.
    back: bool,
    /// When it was begun, RFC 3339.
    began: String,
    /// When it ended; absent: nobody knows whether it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// Whether it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
    /// What is to be read about it.
    note: String,
}

/// The schema of the JSON output.
pub(in crate::cli) fn schema() -> Schema {
    schema_for!(JournalJson)
}

/// Print what happened, of all engines in one list.
pub(super) fn timeline(out: &mut Out, chapters: &[Chapter]) -> Result<(), CliError> {
    let moments = in_order(chapters).into_iter().map(|(chapter, it)| moment(chapter, it)).collect();
    json::pretty(out, &JournalJson { schema: 1, moments })
}

/// Print an operation.
pub(super) fn operation(out: &mut Out, record: &OperationRecord) -> Result<(), CliError> {
    json::pretty(out, &OperationJson::of(record))
}

fn moment(chapter: &Chapter, moment: &Moment) -> MomentJson {
    let (mut operation, mut event, mut secrets) = (None, None, Vec::new());
    match &moment.what {
        What::Operation(record) => operation = Some(OperationJson::of(record)),
        What::Event { event: told, times } => {
            event = Some(EventJson {
                replica: told.replica.clone(),
                what: told.kind.clone(),
                note: told.note.clone(),
                times: *times,
                operation: told.planned,
            });
        }
        What::Reveal(reveal) => secrets.clone_from(&reveal.names),
    }
    MomentJson {
        engine: chapter.engine.name.clone(),
        instance: chapter.engine.instance.clone(),
        at: human::rfc3339(moment.at),
        until: moment.until.map(human::rfc3339),
        kind: moment.kind().word(),
        services: moment.services.iter().map(ServiceId::path).collect(),
        sentence: moment.sentence(),
        by: moment.who(),
        operation,
        event,
        secrets,
    }
}

impl OperationJson {
    fn of(record: &OperationRecord) -> Self {
        let begun = &record.begun;
        let images = begun.images.iter().map(|(service, from, to)| ImageJson {
            service: service.path(),
            from: from.reference.to_string(),
            from_id: from.id.to_string(),
            to: to.reference.to_string(),
            to_id: to.id.to_string(),
        });
        let words = Steps::default();
        let steps = record.steps.iter().map(|taken: &StepRecord| StepJson {
            number: taken.number,
            what: words.of(record, taken.number).unwrap_or_default(),
            back: taken.back,
            began: human::rfc3339(taken.began),
            ended: taken.ended.as_ref().map(|(at, _)| human::rfc3339(*at)),
            ok: taken.ended.as_ref().map(|(_, end)| end.ok),
            note: taken.ended.as_ref().map(|(_, end)| end.note.clone()).unwrap_or_default(),
        });
        Self {
            id: record.id,
            change: begun.change.clone(),
            sentence: begun.sentence.clone(),
            state: record.state.word(),
            alive: record.alive,
            outcome: record.sentence.clone(),
            host: begun.host.clone(),
            endpoint: begun.endpoint.clone(),
            who: WhoJson::of(&begun.who),
            adopted_by: record.adoptions.iter().map(|a| WhoJson::of(&a.who)).collect(),
            begun: human::rfc3339(record.at),
            ended: record.ended.map(human::rfc3339),
            took_ms: record.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            services: begun.services.iter().map(ServiceId::path).collect(),
            images: images.collect(),
            steps: steps.collect(),
        }
    }
}

impl WhoJson {
    fn of(who: &Who) -> Self {
        Self {
            user: who.user.clone(),
            sudo_user: who.sudo_user.clone(),
            ssh_from: who.ssh_from.clone(),
            host: who.host.clone(),
            pid: who.pid,
        }
    }
}
