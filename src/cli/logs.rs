//! `qd logs`: lines of one or many replicas, merged by time, into a terminal or a pipe.
//!
//! A pipe gets every line: where the reader is slow, the streams wait. Ctrl-C and a closed pipe
//! end it the usual way, so no signal is handled here.

mod print;

use futures_util::FutureExt;
use jiff::Timestamp;

use super::args::{LevelArg, LogsArgs, Tail};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::target;
use crate::engine::EngineError;
use crate::fleet::{Fleet, Replica};
use crate::follow::{Batch, Follow, FollowOptions, Pressure, Subject};
use crate::logs::{Filter, Level, Pattern};
use crate::text::human;

pub(super) use print::schema;
use print::{Printer, Style};

/// Print the logs that are asked for; with `--follow`, until the reader or the user ends it.
pub(super) async fn run(session: &mut Session, args: &LogsArgs) -> Result<Exit, CliError> {
    let options = options(args, Timestamp::now())?;
    let filter = filter(args)?;
    let fleet = session.fleet().await?;
    let subject = match &args.subject {
        Some(name) => target::subject(target::resolve(&fleet, name, None)?),
        None => Subject::All,
    };
    let replicas = covered(&fleet, &subject);
    if replicas.is_empty() && !args.follow {
        return Err(CliError::failed(
            "there are no containers to read logs from",
            "See qd status --all for what is here, or add --follow to wait for some.",
        ));
    }
    let style = Style {
        format: args.output,
        tags: several(&subject, &replicas),
        timestamps: args.timestamps,
        utc: args.utc || session.settings.ui.utc,
    };
    let mut printer = Printer::new(style, session.out.paint.clone(), session.out.glyphs);
    let mut follow = Follow::start(session.engine.clone(), subject, options, replicas);
    if args.follow {
        follow.watch(&session.engine);
    }
    let mut unread = Vec::new();
    loop {
        // What is ready is written in one go; before waiting, the reader gets all of it.
        let ready = follow.next().now_or_never();
        let batch = if let Some(batch) = ready {
            batch
        } else {
            session.out.flush()?;
            follow.next().await
        };
        let Some(Batch { lines, dropped, errors, .. }) = batch else { break };
        for line in lines.iter().filter(|l| filter.accepts(l.stream, l.level, &l.text)) {
            printer.print(&mut session.out, line)?;
        }
        if dropped > 0 {
            super::say(&format!("qd: {dropped} lines were lost here: reading was too slow"));
        }
        for (source, error) in errors {
            super::say(&format!("qd: {}: {error}", source.tag));
            unread.push(error);
        }
    }
    session.out.flush()?;
    Ok(match unread.as_slice() {
        [] => Exit::Done,
        errors if errors.iter().all(EngineError::is_unreachable) => Exit::Unreachable,
        _ => Exit::Failed,
    })
}

fn options(args: &LogsArgs, now: Timestamp) -> Result<FollowOptions, CliError> {
    let point = |option: &str, text: &Option<String>| {
        let parse = |text: &String| {
            human::parse_since(text, now)
                .map_err(|e| CliError::usage(format!("{option}: {e}"), "Example: qd logs api --since 10m"))
        };
        text.as_ref().map(parse).transpose()
    };
    Ok(FollowOptions {
        tail: match args.tail {
            Some(Tail::Last(n)) => Some(n),
            Some(Tail::All) | None => None,
        },
        since: point("--since", &args.since)?,
        until: point("--until", &args.until)?,
        follow: args.follow,
        previous: args.previous,
        pressure: Pressure::Wait,
        ..FollowOptions::default()
    })
}

fn filter(args: &LogsArgs) -> Result<Filter, CliError> {
    let patterns = |option: &str, text: &Option<String>| {
        let parse = |text: &String| {
            Pattern::new(text).map_err(|e| {
                CliError::usage(
                    format!("{option}: {e}"),
                    "Put a backslash before . * + ? ( [ { | where the character itself is meant.",
                )
            })
        };
        text.iter().map(parse).collect::<Result<Vec<_>, _>>()
    };
    Ok(Filter {
        include: patterns("--grep", &args.grep)?,
        exclude: patterns("--exclude", &args.exclude)?,
        min_level: args.level.map_or(Level::Unknown, level),
    })
}

fn level(arg: LevelArg) -> Level {
    match arg {
        LevelArg::Trace => Level::Trace,
        LevelArg::Debug => Level::Debug,
        LevelArg::Info => Level::Info,
        LevelArg::Warn => Level::Warn,
        LevelArg::Error => Level::Error,
        LevelArg::Fatal => Level::Fatal,
    }
}

fn covered(fleet: &Fleet, subject: &Subject) -> Vec<Replica> {
    let all = fleet.services().flat_map(|s| fleet.replicas_of(&s.id));
    all.filter(|replica| subject.covers(replica)).cloned().collect()
}

/// Whether lines need to say where they come from: a lone replica need not, not even followed
/// through recreation.
fn several(subject: &Subject, replicas: &[Replica]) -> bool {
    match subject {
        Subject::Replica(_) => false,
        Subject::Service(_) => replicas.len() > 1,
        Subject::Project(_) | Subject::All => true,
    }
}
