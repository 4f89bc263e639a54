//! `qd silence`: keep incidents quiet for a while.

use jiff::{SignedDuration, Timestamp};

use super::args::SilenceArgs;
use super::exit::{CliError, Exit};
use super::session::Session;
use super::table::{Column, Table};
use super::{incidents, past, say};
use crate::alert::Silence;
use crate::fleet::Fleet;
use crate::text::glob;
use crate::text::sanitize;

/// The longest target and reason kept, columns.
const WORDS: usize = 200;

/// Begin one, lift one, or list them.
pub(super) async fn run(session: &mut Session, args: &SilenceArgs) -> Result<Exit, CliError> {
    let journal = incidents::written(session)?;
    if let Some(number) = args.lift {
        journal.lift(number).await?;
        session.out.line(&format!("silence {number} is over"))?;
        session.out.flush()?;
        return Ok(Exit::Done);
    }
    let fleet = session.fleet().await?;
    let instance = session.bridge(&fleet).instance;
    let utc = args.utc || session.settings.ui.utc;
    let (Some(target), Some(span)) = (&args.target, args.span) else {
        let found = journal.silences(&instance).await?;
        if found.is_empty() {
            say("nothing is silenced");
        } else {
            let text =
                table(&found, utc).render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
            session.out.text(&text)?;
        }
        session.out.flush()?;
        return Ok(Exit::Done);
    };
    let now = Timestamp::now();
    let until = SignedDuration::try_from(span.0).ok().and_then(|span| now.checked_add(span).ok());
    let until =
        until.ok_or_else(|| CliError::usage("that is too long", "Write a shorter time: --for 2h."))?;
    let target = sanitize::label(target.trim().trim_end_matches('/'), WORDS);
    let known = crate::config::alert_rules(&session.settings.alerts);
    let rules = known.rules.iter().map(|rule| &*rule.name);
    if !means_something(&target, &fleet, rules) {
        say(&format!("warning: nothing here is called {target:?} now: neither a service nor a rule"));
    }
    let reason = sanitize::label(args.reason.join(" ").trim(), WORDS);
    let silence = Silence { id: 0, target: target.clone(), at: now, until, who: "".into(), reason };
    let number = journal.silence(&instance, silence, session.who.clone()).await?;
    session.out.line(&format!("silence {number}: {target} until {}", past::clock(until, utc)))?;
    session.out.flush()?;
    Ok(Exit::Done)
}

fn means_something<'a>(target: &str, fleet: &Fleet, mut rules: impl Iterator<Item = &'a str>) -> bool {
    rules.any(|rule| glob::matches(target, rule))
        || fleet.services().any(|service| crate::alert::means(target, &service.id))
}

fn table(found: &[Silence], utc: bool) -> Table {
    let mut table = Table::new(vec![
        Column::right("N"),
        Column::shrinking("TARGET"),
        Column::left("UNTIL"),
        Column::left("BY"),
        Column::shrinking("REASON"),
    ]);
    for silence in found {
        table.row(vec![
            silence.id.to_string().into(),
            silence.target.to_string().into(),
            past::clock(silence.until, utc).into(),
            silence.who.to_string().into(),
            silence.reason.to_string().into(),
        ]);
    }
    table
}
