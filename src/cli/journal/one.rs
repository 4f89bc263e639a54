//! `qd journal N`: one operation with its steps.

use jiff::Timestamp;

use super::super::args::{JournalArgs, JournalFormat};
use super::super::exit::{CliError, Exit};
use super::super::past;
use super::super::session::Session;
use super::super::table::{Cell, Column, Table};
use super::{Steps, json, named, report, role};
use crate::config::Role;
use crate::fleet::Image;
use crate::journal::timeline::{Moment, Timeline};
use crate::journal::{Journal, OperationRecord, OperationState, StepRecord};
use crate::text::human;

/// Print it.
pub(super) async fn run(
    session: &mut Session,
    journal: &Journal,
    number: i64,
    args: &JournalArgs,
) -> Result<Exit, CliError> {
    let Some(operation) = journal.operation(number).await? else {
        return Err(CliError::usage(
            format!("there is no operation {number}"),
            "See qd journal for those there are.",
        ));
    };
    let timeline = Timeline::of(vec![operation.clone()], Vec::new(), Vec::new());
    let utc = args.utc || session.settings.ui.utc;
    match args.output {
        JournalFormat::Json => json::operation(&mut session.out, &operation)?,
        JournalFormat::Markdown => {
            let to = operation.ended.unwrap_or_else(Timestamp::now);
            let (subject, host) = (format!("operation {number}"), &operation.begun.host);
            let moments = timeline.moments.iter().collect();
            let text = report(session, host, &subject, (Some(operation.at), to), utc, moments, &[]);
            session.out.text(&text)?;
        }
        JournalFormat::Table => {
            for moment in &timeline.moments {
                let text = head(session, moment, &operation, utc);
                session.out.text(&text)?;
            }
            if !operation.steps.is_empty() {
                session.out.text("\n")?;
                let table = steps(&operation, utc);
                let text = table.render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
                session.out.text(&text)?;
            }
        }
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

fn head(session: &Session, moment: &Moment, operation: &OperationRecord, utc: bool) -> String {
    let paint = &session.out.paint;
    let arrow = session.out.glyphs.arrow;
    let begun = &operation.begun;
    let mut text = paint.text(role(moment.tone()), &moment.sentence());
    text.push('\n');
    text.push_str(&named(paint, "begun", &past::clock(operation.at, utc)));
    if let Some(ended) = operation.ended {
        text.push_str(&named(paint, "ended", &past::clock(ended, utc)));
    }
    let host = if begun.who.host.is_empty() { String::new() } else { format!(" on {}", begun.who.host) };
    text.push_str(&named(paint, "by", &format!("{}{host}", begun.who.words())));
    for adoption in &operation.adoptions {
        let who = format!("taken over by {} at {}", adoption.who.words(), past::clock(adoption.at, utc));
        text.push_str(&named(paint, "", &who));
    }
    let engine = match (begun.host.is_empty(), begun.endpoint.is_empty()) {
        (false, false) => format!("{} ({})", begun.host, begun.endpoint),
        _ => format!("{}{}", begun.host, begun.endpoint),
    };
    text.push_str(&named(paint, "engine", &engine));
    for (n, service) in begun.services.iter().enumerate() {
        text.push_str(&named(paint, if n == 0 { "services" } else { "" }, &service.path()));
    }
    for (n, (service, from, to)) in begun.images.iter().enumerate() {
        let change = format!("{} {} {arrow} {}", service.path(), image(from), image(to));
        text.push_str(&named(paint, if n == 0 { "images" } else { "" }, &change));
    }
    if !operation.sentence.is_empty() && operation.state == OperationState::Done {
        text.push_str(&named(paint, "outcome", &operation.sentence));
    }
    text
}

fn image(image: &Image) -> String {
    match image.short_id() {
        "" => image.reference.to_string(),
        id => format!("{} ({id})", image.reference),
    }
}

fn steps(operation: &OperationRecord, utc: bool) -> Table {
    let mut table = Table::new(vec![
        Column::left("TIME"),
        Column::right("STEP"),
        Column::shrinking("WHAT"),
        Column::right("TOOK"),
        Column::shrinking("RESULT"),
    ]);
    let words = Steps::default();
    for record in &operation.steps {
        let what = words.of(operation, record.number).unwrap_or_default();
        let what = if record.back { format!("back: {what}") } else { what };
        let (role, took, result) = result(record);
        table.row(vec![
            Cell::new(Role::Dim, past::clock(record.began, utc)),
            record.number.to_string().into(),
            what.into(),
            took.into(),
            Cell::new(role, result),
        ]);
    }
    table
}

fn result(step: &StepRecord) -> (Role, String, String) {
    let Some((at, end)) = &step.ended else {
        return (Role::Warn, String::new(), "not known".into());
    };
    let word = if end.ok { "done" } else { "failed" };
    let result = if end.note.is_empty() { word.to_owned() } else { format!("{word}: {}", end.note) };
    let role = if end.ok { Role::Ok } else { Role::Bad };
    (role, human::duration(human::elapsed(step.began, *at)), result)
}
