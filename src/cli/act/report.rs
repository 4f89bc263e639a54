//! What an action prints: the plan as a table, a line a replica, JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::table::{Cell, Column, Table};
use crate::config::Role;
use crate::engine::{Done, Step};
use crate::fleet::Verb;
use crate::operate::{Confirm, Outcome, Plan, StepOutcome, Work};

/// What `-o json` prints: one object, at the end.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ActJson {
    /// The version of this schema; it grows only when a field changes its meaning or goes away.
    schema: u32,
    /// `start`, `stop`, `restart`, `pause`, `unpause`, `kill` or `remove`.
    verb: &'static str,
    /// True when nothing was done because of --dry-run.
    dry_run: bool,
    /// True when every step succeeded (or, in a dry run, could be planned).
    ok: bool,
    /// One sentence: what will be done, or what became of it.
    sentence: String,
    /// What is worth knowing before.
    warnings: Vec<String>,
    /// The word --confirm must say, where something protected would end.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<String>,
    /// How long it took, in milliseconds; absent in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<u64>,
    /// One per replica: what was done first, then what was left alone.
    steps: Vec<StepJson>,
}

/// One replica.
#[derive(Debug, Serialize, JsonSchema)]
struct StepJson {
    /// `project/service`, or the name of a lone container.
    service: String,
    /// The replica's name.
    replica: String,
    /// The engine's own id, in full.
    id: String,
    /// The state before.
    state: &'static str,
    /// `planned`, `changed`, `unchanged` (it was so already), `failed` or `skipped`.
    result: &'static str,
    /// Why it failed or was skipped, or how it will be done; empty when there is nothing to say.
    note: String,
    /// What to do about a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// The JSON schema of [`ActJson`].
pub(in crate::cli) fn schema() -> schemars::Schema {
    schemars::schema_for!(ActJson)
}

impl ActJson {
    const SCHEMA: u32 = 1;

    /// There was nothing to do.
    pub(super) fn nothing(verb: Verb, sentence: &str) -> Self {
        Self {
            schema: Self::SCHEMA,
            verb: verb.word(),
            dry_run: false,
            ok: true,
            sentence: sentence.to_owned(),
            warnings: Vec::new(),
            confirm: None,
            took_ms: Some(0),
            steps: Vec::new(),
        }
    }

    /// What would be done.
    pub(super) fn planned(plan: &Plan) -> Self {
        let steps = plan.steps.iter().map(|s| StepJson {
            service: s.service.path(),
            replica: s.name.to_string(),
            id: s.replica().map(|id| id.id.to_string()).unwrap_or_default(),
            state: s.state.word(),
            result: "planned",
            note: String::new(),
            remedy: None,
        });
        Self {
            schema: Self::SCHEMA,
            verb: plan.intent.change.word(),
            dry_run: true,
            ok: true,
            sentence: plan.question(),
            warnings: plan.warnings.clone(),
            confirm: match &plan.confirm {
                Confirm::Open | Confirm::Yes => None,
                Confirm::Typed(word) => Some(word.to_string()),
            },
            took_ms: None,
            steps: steps.chain(skipped(plan)).collect(),
        }
    }

    /// What became of it.
    pub(super) fn done(plan: &Plan, outcome: &Outcome) -> Self {
        let steps = outcome.steps.iter().map(|s| StepJson {
            service: s.step.service.path(),
            replica: s.name().to_string(),
            id: s.step.replica().map(|id| id.id.to_string()).unwrap_or_default(),
            state: s.step.state.word(),
            result: match s.result {
                Ok(Done::Changed | Done::Made(_) | Done::Pulled { .. }) => "changed",
                Ok(Done::Unchanged) => "unchanged",
                Err(_) => "failed",
            },
            note: s.result.as_ref().err().map(ToString::to_string).unwrap_or_default(),
            remedy: s.result.as_ref().err().map(crate::engine::EngineError::remedy),
        });
        Self {
            schema: Self::SCHEMA,
            verb: plan.intent.change.word(),
            dry_run: false,
            ok: outcome.ok(),
            sentence: outcome.sentence(),
            warnings: plan.warnings.clone(),
            confirm: None,
            took_ms: Some(u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX)),
            steps: steps.chain(skipped(plan)).collect(),
        }
    }
}

fn skipped(plan: &Plan) -> impl Iterator<Item = StepJson> {
    plan.skipped.iter().map(|s| StepJson {
        service: s.service.path(),
        replica: s.name.to_string(),
        id: s.replica.id.to_string(),
        state: s.state.word(),
        result: "skipped",
        note: s.why.clone(),
        remedy: None,
    })
}

/// The plan for humans: a row a replica.
pub(super) fn plan_table(plan: &Plan) -> Table {
    let mut table = Table::new(vec![
        Column::left("ACTION"),
        Column::shrinking("SERVICE"),
        Column::shrinking("REPLICA"),
        Column::left("STATE"),
        Column::shrinking("NOTE"),
    ]);
    for row in plan.rows() {
        let role = if row.action == "skip" { Role::Dim } else { Role::Text };
        let cells = [row.action.to_owned(), row.service, row.replica, row.state.to_owned(), row.note];
        table.row(cells.into_iter().map(|text| Cell::new(role, text)).collect());
    }
    table
}

/// How one step ended, on one line: `restarted  shop-api-1`.
pub(super) fn line(outcome: &StepOutcome) -> String {
    let name = outcome.name();
    let signalled = matches!(&outcome.step.work, Work::Step(Step::Act(act)) if act.signal.is_some());
    match &outcome.result {
        Ok(Done::Unchanged) => format!("{:<9} {name} (it was so already)", "unchanged"),
        Ok(_) if signalled => format!("{:<9} {name}", "signalled"),
        Ok(_) => format!("{:<9} {name}", outcome.step.verb().map_or("changed", Verb::done)),
        Err(error) => format!("{:<9} {name}: {error}", "failed"),
    }
}
