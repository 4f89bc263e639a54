//! `qd check`: is everything well, by what the engine says and what our own probes find out now?
//! The gate of a shell script, and a monitoring plugin.

mod json;
mod look;
mod print;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::args::{CheckArgs, CheckFormat};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::{json as plain, say};
use crate::probe::{Rules, Tools};

pub(super) use json::{ProbeJson, probe as probe_json, schema};
pub(super) use look::{Look, Seen, Verdict};

/// Between two looks while waiting.
const PAUSE: Duration = Duration::from_secs(1);

/// What monitoring reads as critical; that it is also the code for bad usage is how its own
/// plugins have it, too.
const CRITICAL: Exit = Exit::Usage;

/// Check once, or until all is well.
pub(super) async fn run(session: &mut Session, args: &CheckArgs) -> Result<Exit, CliError> {
    let seen = match watch(session, args).await {
        Ok(seen) => seen,
        // A monitoring plugin says on standard output what is the matter, whatever it is.
        Err(error) if args.output == CheckFormat::Nagios && error.exit() == Exit::Unreachable => {
            let line = print::unknown(&error.to_string());
            session.out.line(&line)?;
            session.out.flush()?;
            return Ok(Exit::Unreachable);
        }
        Err(error) => return Err(error),
    };
    match args.output {
        CheckFormat::Table => {
            let text = print::table(&seen, args.quiet, &session.out);
            session.out.text(&text)?;
            for sentence in &seen.wrong {
                say(&format!("warning: {sentence}"));
            }
        }
        CheckFormat::Json => plain::pretty(&mut session.out, &json::check(&seen, args.quiet))?,
        CheckFormat::Nagios => session.out.line(&print::nagios(&seen))?,
    }
    session.out.flush()?;
    Ok(match seen.verdict() {
        Verdict::Well => Exit::Done,
        Verdict::Broken if args.output == CheckFormat::Nagios => CRITICAL,
        Verdict::Broken | Verdict::Ailing => Exit::Failed,
        Verdict::Unknown => Exit::Unreachable,
    })
}

/// Look until all is well, or the time is up.
async fn watch(session: &Session, args: &CheckArgs) -> Result<Seen, CliError> {
    let tools = Tools::new(session.engine.clone());
    let look = Look { rules: Rules::new(&session.settings.probes), names: &args.services };
    let until = args.wait.map(|wait| Instant::now() + wait.0);
    let mut told = String::new();
    loop {
        let seen = look.now(session, &tools).await;
        let (done, waiting_for) = match &seen {
            Ok(seen) => (seen.verdict() == Verdict::Well, seen.waiting_for()),
            // A name that means nothing yet may come with what is being deployed.
            Err(error) => (false, error.to_string()),
        };
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let Some(left) = left.filter(|left| !done && !left.is_zero()) else { return seen };
        if waiting_for != told {
            say(&format!("waiting for {waiting_for}"));
            told = waiting_for;
        }
        sleep(PAUSE.min(left)).await;
    }
}
