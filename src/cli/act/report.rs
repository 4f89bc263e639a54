//! What changes print as JSON: a line a step as it happens, and one about it all.

use schemars::JsonSchema;
use serde::Serialize;

use super::teller::is_only_left;
use super::{outcome, words};
use crate::engine::Done;
use crate::fleet::{HealthCheck, State};
use crate::operate::{
    Change, Direction, ImageChange, Outcome, Phase, Plan, PlanJson, PlannedStep, Resume, Seen, StepOutcome,
    Work,
};

/// The version of these schemas; it grows only when a field changes its meaning or goes away.
const SCHEMA: u32 = 2;

/// What `--dry-run -o json` prints: one line a plan.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DryJson {
    /// The version of this schema.
    schema: u32,
    /// `plan`.
    event: &'static str,
    /// True: nothing was done.
    dry_run: bool,
    /// True: it could be planned.
    ok: bool,
    /// The plan.
    #[serde(flatten)]
    plan: PlanJson,
}

/// The last line of `-o json`: what became of it all.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ActJson {
    /// The version of this schema.
    schema: u32,
    /// `outcome`.
    event: &'static str,
    /// The command's name: `start`, `scale`, `deploy`, `rollback`, ….
    change: &'static str,
    /// True in a dry run that found nothing to do.
    dry_run: bool,
    /// True when it ended as wanted.
    ok: bool,
    /// `done`, `refused`, `undone`, `failed` or `interrupted`.
    end: &'static str,
    /// The number of the operation in the journal, where it was written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<i64>,
    /// One sentence: what became of it.
    sentence: String,
    /// What to do where it did not end as wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// Where it did not end as wanted: what state each replica is in and what to type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advice: Vec<String>,
    /// What was worth knowing before.
    warnings: Vec<String>,
    /// Images before and after.
    images: Vec<ImageJson>,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// Every step, in the order they ended; then what was left alone.
    steps: Vec<StepJson>,
}

/// What images a service runs, before and after.
#[derive(Debug, Serialize, JsonSchema)]
struct ImageJson {
    /// `project/service`, or the name of a lone container.
    service: String,
    /// The reference before.
    from: String,
    /// The image's id before.
    from_id: String,
    /// The reference after.
    to: String,
    /// The image's id after; empty while it is not known.
    to_id: String,
}

/// One step of one replica.
#[derive(Debug, Serialize, JsonSchema)]
struct StepJson {
    /// Its number in the plan, from 1; 0 for what is skipped.
    number: u32,
    /// Steps of a wave begin when the wave before has ended; from 1; 0 for what is skipped.
    wave: u16,
    /// `forward`, or `back` where a step was taken back.
    direction: &'static str,
    /// What is done: a verb, `create`, `rename`, `wait` (a gate), `skip`, ….
    action: &'static str,
    /// Whether it can't be taken back once it has begun.
    last: bool,
    /// `project/service`, or the name of a lone container.
    service: String,
    /// The replica's name.
    replica: String,
    /// The engine's own id, in full; empty for what is not made yet.
    id: String,
    /// The state before.
    state: &'static str,
    /// `changed`, `unchanged` (it was so already), `failed`, `not begun` or `skipped`.
    result: &'static str,
    /// Why it failed or was skipped; empty when there is nothing to say.
    note: String,
    /// What to do about a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// One line of `-o json` while it happens.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct LineJson {
    /// The version of this schema.
    schema: u32,
    /// `recorded` (written down, with its number), `began`, `waiting` (what a gate sees has
    /// changed), `ended` or `undoing` (from here on it goes back).
    event: &'static str,
    /// The number of the operation in the journal (recorded).
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<i64>,
    /// The step's number in the plan (began, waiting, ended).
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    /// `forward` or `back` (began, ended).
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    /// What is done: a verb, `create`, `rename`, `wait` (a gate), ….
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    /// `project/service`, or the name of a lone container.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// The replica's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<String>,
    /// What the replica is doing (waiting).
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// What its health check says (waiting): `none`, `starting`, `healthy` or `unhealthy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'static str>,
    /// How long a gate waits yet, in milliseconds (waiting).
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_ms: Option<u64>,
    /// `changed`, `unchanged` or `failed` (ended).
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    /// What the health check printed (waiting), why it failed (ended) or goes back (undoing).
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// What to do about a failure (ended).
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// The JSON schema of [`ActJson`].
pub(in crate::cli) fn act_schema() -> schemars::Schema {
    schemars::schema_for!(ActJson)
}

/// The JSON schema of [`DryJson`].
pub(in crate::cli) fn plan_schema() -> schemars::Schema {
    schemars::schema_for!(DryJson)
}

/// The JSON schema of [`LineJson`].
pub(in crate::cli) fn step_schema() -> schemars::Schema {
    schemars::schema_for!(LineJson)
}

impl LineJson {
    fn new(event: &'static str) -> Self {
        Self { schema: SCHEMA, event, ..Self::default() }
    }

    fn about(self, number: u32, step: Option<&PlannedStep>, direction: Direction) -> Self {
        Self {
            number: Some(number),
            direction: Some(way(direction)),
            action: step.map(|step| words::action(step, direction)),
            service: step.map(|step| step.service.path()),
            ..self
        }
    }

    /// It is written down.
    pub(super) fn recorded(operation: i64) -> Self {
        Self { operation: Some(operation), ..Self::new("recorded") }
    }

    /// A step began.
    pub(super) fn began(number: u32, direction: Direction, name: &str, step: Option<&PlannedStep>) -> Self {
        let line = Self::new("began").about(number, step, direction);
        Self { replica: Some(name.to_owned()), ..line }
    }

    /// A gate sees something else than before.
    pub(super) fn waiting(number: u32, seen: &Seen, step: Option<&PlannedStep>) -> Self {
        Self {
            replica: Some(seen.name.to_string()),
            state: seen.state.map(State::word),
            check: Some(match seen.check {
                HealthCheck::None => "none",
                HealthCheck::Starting => "starting",
                HealthCheck::Healthy => "healthy",
                HealthCheck::Unhealthy => "unhealthy",
            }),
            remaining_ms: Some(ms(seen.remaining)),
            note: Some(seen.output.clone()).filter(|note| !note.is_empty()),
            ..Self::new("waiting").about(number, step, Direction::Forward)
        }
    }

    /// A step ended.
    pub(super) fn ended(outcome: &StepOutcome) -> Self {
        let error = outcome.result.as_ref().err();
        Self {
            replica: Some(outcome.name().to_string()),
            result: Some(result(outcome)),
            note: error.map(ToString::to_string),
            remedy: error.map(crate::engine::EngineError::remedy),
            ..Self::new("ended").about(outcome.number, Some(&outcome.step), outcome.direction)
        }
    }

    /// From here on it goes back.
    pub(super) fn undoing(why: &str) -> Self {
        Self { note: Some(why.to_owned()), ..Self::new("undoing") }
    }
}

impl DryJson {
    /// What would be done.
    pub(super) fn of(plan: &Plan) -> Self {
        Self { schema: SCHEMA, event: "plan", dry_run: true, ok: true, plan: plan.json() }
    }
}

impl ActJson {
    fn new(change: &Change, sentence: String) -> Self {
        Self {
            schema: SCHEMA,
            event: "outcome",
            change: change.command(),
            dry_run: false,
            ok: true,
            end: "done",
            operation: None,
            sentence,
            remedy: None,
            advice: Vec::new(),
            warnings: Vec::new(),
            images: Vec::new(),
            took_ms: 0,
            steps: Vec::new(),
        }
    }

    /// There was nothing to do.
    pub(super) fn already(change: &Change, dry_run: bool, sentence: &str) -> Self {
        Self { dry_run, ..Self::new(change, sentence.to_owned()) }
    }

    /// What became of it.
    pub(super) fn done(plan: &Plan, outcome: &Outcome, how: Option<Resume>) -> Self {
        let steps = outcome.steps.iter().map(|ended| {
            let error = ended.result.as_ref().err();
            StepJson {
                result: result(ended),
                note: error.map(ToString::to_string).unwrap_or_default(),
                remedy: error.map(crate::engine::EngineError::remedy),
                ..StepJson::of(&ended.step, ended.direction)
            }
        });
        let ok = outcome::is_as_wanted(outcome, how);
        let images = if outcome.images.is_empty() { &plan.images } else { &outcome.images };
        Self {
            ok,
            end: outcome::word(&outcome.end),
            operation: outcome.operation,
            remedy: Some(outcome::remedy(outcome)).filter(|remedy| !ok && !remedy.is_empty()),
            advice: outcome.advice.clone(),
            warnings: plan.warnings.clone(),
            images: images.iter().map(ImageJson::of).collect(),
            took_ms: ms(outcome.took),
            steps: steps.chain(skipped(plan)).collect(),
            ..Self::new(&outcome.intent.change, outcome.sentence())
        }
    }
}

impl ImageJson {
    fn of(change: &ImageChange) -> Self {
        Self {
            service: change.service.path(),
            from: change.from.reference.to_string(),
            from_id: change.from.id.to_string(),
            to: change.to.reference.to_string(),
            to_id: change.to.id.to_string(),
        }
    }
}

impl StepJson {
    fn of(step: &PlannedStep, direction: Direction) -> Self {
        Self {
            number: step.number,
            wave: step.wave + 1,
            direction: way(direction),
            action: words::action(step, direction),
            last: step.phase == Phase::Commit && !matches!(step.work, Work::Gate(_)),
            service: step.service.path(),
            replica: step.name.to_string(),
            id: words::id(step),
            state: step.state.word(),
            result: "",
            note: String::new(),
            remedy: None,
        }
    }
}

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => "forward",
        Direction::Back => "back",
    }
}

fn result(outcome: &StepOutcome) -> &'static str {
    match outcome.result {
        Err(_) if is_only_left(outcome) => "not begun",
        Ok(Done::Changed | Done::Made(_) | Done::Pulled { .. }) => "changed",
        Ok(Done::Unchanged) => "unchanged",
        Err(_) => "failed",
    }
}

fn ms(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn skipped(plan: &Plan) -> impl Iterator<Item = StepJson> {
    plan.skipped.iter().map(|s| StepJson {
        number: 0,
        wave: 0,
        direction: way(Direction::Forward),
        action: "skip",
        last: false,
        service: s.service.path(),
        replica: s.name.to_string(),
        id: s.replica.id.to_string(),
        state: s.state.word(),
        result: "skipped",
        note: s.why.clone(),
        remedy: None,
    })
}
