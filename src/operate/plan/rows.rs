//! A plan as rows, and as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::{ImageChange, PlannedStep, Unit, Work, words};
use super::{Confirm, Plan};
use crate::engine::Step;
use crate::fleet::Image;

/// One row of a plan as a table or JSON prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanRow {
    /// The step's number, from 1; 0 for what is skipped.
    pub step: u32,
    /// What will be done: `start`, `stop`, …, `pull`, `create`, `rename`, `policy`, `limit`,
    /// `update` (a service that its engine looks after), `wait`; or `skip`.
    pub action: &'static str,
    /// `project/service`.
    pub service: String,
    /// The replica's name; for `pull` the image.
    pub replica: String,
    /// The engine's own id; empty for what is not made yet.
    pub id: String,
    /// The state it is in now; `new` for what is not made yet; empty where there is none.
    pub state: &'static str,
    /// Which wave it belongs to, from 1; 0 for what is skipped. Steps of a wave begin when the wave
    /// before has ended.
    pub wave: u16,
    /// Why it is skipped, or how it is done.
    pub note: String,
}

/// A plan as `--dry-run -o json` prints it. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlanJson {
    /// What was asked for: `restart`, `scale`, `deploy`, `recreate`, `rollback`, `limit`, `up`,
    /// `down`, ….
    pub change: &'static str,
    /// The plan in one line.
    pub sentence: String,
    /// The services it is about, as `project/service`.
    pub services: Vec<String>,
    /// Every step, in order.
    pub steps: Vec<PlanRow>,
    /// What is left alone, and why.
    pub skipped: Vec<PlanRow>,
    /// Images before and after.
    pub images: Vec<ImagesJson>,
    /// Who is away meanwhile.
    pub gaps: Vec<GapJson>,
    /// What is worth knowing before, most important first.
    pub warnings: Vec<String>,
    /// How sure the user must be: `open` (not asked), `yes`, or `typed`.
    pub confirm: &'static str,
    /// The word `--confirm` must say, where it is `typed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_word: Option<String>,
    /// It ends after asking the registry where that has nothing newer.
    pub only_newer: bool,
}

/// One service's image before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImagesJson {
    /// `project/service`.
    pub service: String,
    /// What it runs: reference.
    pub from: String,
    /// Its id.
    pub from_id: String,
    /// What it will run: reference.
    pub to: String,
    /// Its id; empty: not known before it is got.
    pub to_id: String,
}

/// Whether a service is away.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GapJson {
    /// `project/service`.
    pub service: String,
    /// For at most about how many seconds it is away as a whole; absent: it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Why, or why not.
    pub why: String,
}

impl Plan {
    /// Every step and every skipped replica as rows, steps first.
    pub fn rows(&self) -> Vec<PlanRow> {
        self.step_rows().chain(self.skipped_rows()).collect()
    }

    fn step_rows(&self) -> impl Iterator<Item = PlanRow> {
        self.steps.iter().map(|s| PlanRow {
            step: s.number,
            action: action(s),
            service: s.service.path(),
            replica: s.name.to_string(),
            id: s.replica().filter(|_| !makes(s)).map(ToString::to_string).unwrap_or_default(),
            state: state(s),
            wave: s.wave.saturating_add(1),
            note: s.note.clone(),
        })
    }

    fn skipped_rows(&self) -> impl Iterator<Item = PlanRow> {
        self.skipped.iter().map(|s| PlanRow {
            step: 0,
            action: "skip",
            service: s.service.path(),
            replica: s.name.to_string(),
            id: s.replica.to_string(),
            state: s.state.word(),
            wave: 0,
            note: s.why.clone(),
        })
    }

    /// The plan as `--dry-run -o json` prints it.
    pub fn json(&self) -> PlanJson {
        let image = |i: &Image| (i.reference.to_string(), i.id.to_string());
        let images = |change: &ImageChange| {
            let ((from, from_id), (to, to_id)) = (image(&change.from), image(&change.to));
            ImagesJson { service: change.service.path(), from, from_id, to, to_id }
        };
        let (confirm, confirm_word) = match &self.confirm {
            Confirm::Open => ("open", None),
            Confirm::Yes => ("yes", None),
            Confirm::Typed(word) => ("typed", Some(word.to_string())),
        };
        PlanJson {
            change: self.intent.change.command(),
            sentence: self.sentence(),
            services: self.services.iter().map(crate::fleet::ServiceId::path).collect(),
            steps: self.step_rows().collect(),
            skipped: self.skipped_rows().collect(),
            images: self.images.iter().map(images).collect(),
            gaps: self
                .gaps
                .iter()
                .map(|gap| GapJson {
                    service: gap.service.path(),
                    seconds: gap.lasts.map(|lasts| lasts.as_secs()),
                    why: gap.why.clone(),
                })
                .collect(),
            warnings: self.warnings.clone(),
            confirm,
            confirm_word,
            only_newer: self.only_newer,
        }
    }

    /// The question to ask before: `Restart order-service (3 replicas)?`
    pub fn question(&self) -> String {
        words::question(self)
    }

    /// What it is about, as the question says it, without verb: `order-service (3 replicas)`.
    pub fn subject(&self) -> String {
        words::about(self)
    }

    /// The plan in one line, for the journal: `deploy shop/api 1.3.9 → 1.4.2`.
    pub fn sentence(&self) -> String {
        words::sentence(self)
    }
}

/// The word for a step.
fn action(step: &PlannedStep) -> &'static str {
    match &step.work {
        Work::Gate(_) => "wait",
        Work::Step(step) => match step {
            Step::Act(act) => act.verb.word(),
            Step::Pull { .. } => "pull",
            Step::Create(_) => "create",
            Step::Rename { .. } => "rename",
            Step::Policy { .. } => "policy",
            Step::Limit { .. } => "limit",
            Step::Discard { .. } => "discard",
            Step::Steer { .. } => "update",
        },
    }
}

/// Whether the step makes what it is about.
fn makes(step: &PlannedStep) -> bool {
    matches!(step.work, Work::Step(Step::Create(_)))
}

fn state(step: &PlannedStep) -> &'static str {
    let made = |unit: &Unit| matches!(unit, Unit::Made(_));
    match &step.work {
        Work::Step(Step::Pull { .. } | Step::Discard { .. } | Step::Steer { .. }) => "",
        Work::Step(Step::Create(_)) => "new",
        Work::Step(work) if work.replica().is_some_and(made) => "new",
        Work::Gate(gate) => match &gate.unit {
            None => "",
            Some(unit) if made(unit) => "new",
            Some(_) => step.state.word(),
        },
        Work::Step(_) => step.state.word(),
    }
}
