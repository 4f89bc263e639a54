//! What a command shows and asks before it picks an operation up that was left in the middle.

use std::io::{self, Write as _};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::ask::Question;
use super::left::{Left, left, sentence, what};
use super::{say, words};
use crate::cli::args::{ActFormat, AskArgs};
use crate::cli::exit::CliError;
use crate::cli::json;
use crate::cli::session::Session;
use crate::cli::style::Paint;
use crate::cli::table::{Cell, Column, Table};
use crate::config::Role;
use crate::engine::Consent;
use crate::journal::{OperationRecord, StepRecord};
use crate::operate::{Direction, Plan, PlannedStep, Resume};

/// What `qd finish --dry-run -o json` and `qd undo --dry-run -o json` print.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct LeftJson {
    /// The version of this schema.
    schema: u32,
    /// `finish` or `undo`.
    change: &'static str,
    /// True when nothing was done because of --dry-run.
    dry_run: bool,
    /// One sentence.
    sentence: String,
    /// The operation; null when none was left in the middle.
    operation: Option<Left>,
    /// Its steps, as planned.
    steps: Vec<LeftStep>,
}

/// A step of an operation that was left in the middle.
#[derive(Debug, Serialize, JsonSchema)]
struct LeftStep {
    /// Its number in the plan.
    number: u32,
    /// What it does: a verb, `create`, `rename`, `wait` (a gate), ….
    action: &'static str,
    /// `project/service`, or the name of a lone container.
    service: String,
    /// The replica's name.
    replica: String,
    /// `done`, `failed`, `unknown` (begun; nobody knows whether it happened), `back` (taken back)
    /// or `open` (not begun).
    result: &'static str,
    /// What is known about it.
    note: String,
}

/// Nothing was left in the middle.
pub(in crate::cli) fn nothing_left(how: Resume, dry_run: bool, sentence: &str) -> LeftJson {
    let (change, sentence) = (how.word(), sentence.to_owned());
    LeftJson { schema: 1, change, dry_run, sentence, operation: None, steps: Vec::new() }
}

/// The JSON schema of [`LeftJson`].
pub(in crate::cli) fn left_schema() -> schemars::Schema {
    schemars::schema_for!(LeftJson)
}

/// Print how far it came.
pub(in crate::cli) fn show_left(
    session: &mut Session,
    plan: &Plan,
    record: &OperationRecord,
    how: Resume,
    format: ActFormat,
) -> Result<(), CliError> {
    let now = Timestamp::now();
    let out = &mut session.out;
    match format {
        ActFormat::Json => {
            let json = LeftJson {
                schema: 1,
                change: how.word(),
                dry_run: true,
                sentence: question(record, how),
                operation: Some(left(record, now)),
                steps: plan.steps.iter().map(|step| of(step, record)).collect(),
            };
            json::line(out, &json)?;
        }
        ActFormat::Table => {
            let text = table(plan, record).render(&out.paint, out.fit(), out.glyphs.ellipsis);
            out.text(&text)?;
        }
    }
    out.flush()?;
    say(&sentence(record, now));
    Ok(())
}

/// Make sure the user means it: as surely as the operation itself had to be meant.
pub(in crate::cli) fn confirm_left(
    session: &Session,
    plan: &Plan,
    record: &OperationRecord,
    how: Resume,
    args: &AskArgs,
) -> Result<Consent, CliError> {
    let show = || {
        let width = crossterm::terminal::size().ok().map(|(cols, _)| usize::from(cols)).filter(|&c| c > 0);
        let text = table(plan, record).render(&Paint::none(), width, session.out.glyphs.ellipsis);
        // A stderr that can't be written can't be asked on either; the question then says so.
        let _ = io::stderr().write_all(text.as_bytes());
        say(&sentence(record, Timestamp::now()));
    };
    let asked = Question { sentence: question(record, how), word: how.word(), confirm: &plan.confirm };
    asked.answer(args, || (), show)
}

/// `Undo operation 12 (deploy shop/api)?`
fn question(record: &OperationRecord, how: Resume) -> String {
    let word = match how {
        Resume::Finish => "Finish",
        Resume::Undo => "Undo",
    };
    format!("{word} {}?", what(record))
}

fn table(plan: &Plan, record: &OperationRecord) -> Table {
    let mut table = Table::new(vec![
        Column::left("STEP"),
        Column::left("ACTION"),
        Column::shrinking("SERVICE"),
        Column::shrinking("REPLICA"),
        Column::left("CAME TO"),
        Column::shrinking("NOTE"),
    ]);
    for step in plan.steps.iter().map(|step| of(step, record)) {
        let role = match step.result {
            "failed" => Role::Bad,
            "unknown" => Role::Warn,
            "open" => Role::Dim,
            _ => Role::Text,
        };
        let cells = [
            step.number.to_string(),
            step.action.to_owned(),
            step.service,
            step.replica,
            step.result.to_owned(),
            step.note,
        ];
        table.row(cells.into_iter().map(|text| Cell::new(role, text)).collect());
    }
    table
}

/// How far one step came. The last word about it is the latest record.
fn of(step: &PlannedStep, record: &OperationRecord) -> LeftStep {
    let last: Option<&StepRecord> = record.steps.iter().rev().find(|r| r.number == step.number);
    let (result, note) = match last {
        None => ("open", String::new()),
        Some(StepRecord { ended: None, .. }) => ("unknown", "begun; whether it happened is looked up".into()),
        Some(StepRecord { back, ended: Some((_, end)), .. }) => (
            match (end.ok, back) {
                (false, _) => "failed",
                (true, false) => "done",
                (true, true) => "back",
            },
            end.note.clone(),
        ),
    };
    LeftStep {
        number: step.number,
        action: words::action(step, Direction::Forward),
        service: step.service.path(),
        replica: step.name.to_string(),
        result,
        note,
    }
}
