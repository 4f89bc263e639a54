//! `qd status`: the situation in one sentence, then every service; once, or on and on.

mod probed;
mod table;
pub(super) use table::{glyph, role};
mod view;

use std::io::Write as _;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until, timeout};

use super::act::{self, Left};
use super::args::{StatusArgs, StatusFormat};
use super::exit::{CliError, Exit};
use super::out::Out;
use super::session::Session;
use super::{interrupt, json, target};
use crate::config::Role;
use crate::fleet::{Fleet, Link, Observation};
use crate::journal::Recording;
use crate::operate::Target;

pub(super) use view::schema;

/// Changes that come together are shown together.
const SETTLE: Duration = Duration::from_millis(150);
/// On a terminal ages and usage move even when nothing else does.
const REDRAW: Duration = Duration::from_secs(1);

/// How long the journal's last words are waited for.
const FAREWELL: Duration = Duration::from_secs(1);

const WRAP_OFF: &str = "\x1b[?7l";
const WRAP_ON: &str = "\x1b[?7h";

/// What of the fleet is shown.
pub(super) struct Shown<'a> {
    /// Everything known.
    pub(super) fleet: &'a Fleet,
    /// Only these; empty = everything.
    pub(super) only: &'a [Target],
    /// Also what was stopped on purpose, and jobs.
    pub(super) all: bool,
    /// Operations that have not ended.
    pub(super) left: &'a [Left],
    /// The time.
    pub(super) now: Timestamp,
}

/// Print the status once, or with `--watch` until interrupted.
pub(super) async fn run(session: &mut Session, args: &StatusArgs) -> Result<Exit, CliError> {
    if args.watch {
        return watch(session, args).await;
    }
    let fleet = if args.no_usage { session.fleet().await? } else { session.fleet_with_usage().await? };
    let only = only(&fleet, args)?;
    let left = left(session, &fleet).await;
    let shown = Shown { fleet: &fleet, only: &only, all: args.all, left: &left, now: Timestamp::now() };
    print(&mut session.out, args.output, &shown)?;
    session.out.flush()?;
    session.warn_unrecorded();
    for left in &left {
        super::say(left.text());
    }
    Ok(Exit::Done)
}

fn only(fleet: &Fleet, args: &StatusArgs) -> Result<Vec<Target>, CliError> {
    Ok(args.targets.iter().map(|name| target::resolve(fleet, name, None)).collect::<Result<_, _>>()?)
}

/// Operations that have not ended.
async fn left(session: &Session, fleet: &Fleet) -> Vec<Left> {
    let now = Timestamp::now();
    session.unfinished(fleet).await.iter().map(|record| act::left(record, now)).collect()
}

fn print(out: &mut Out, format: StatusFormat, shown: &Shown<'_>) -> Result<(), CliError> {
    match format {
        StatusFormat::Json => json::pretty(out, &view::status(shown)),
        format => {
            let text = table::render(shown, format == StatusFormat::Wide, out);
            out.text(&text)
        }
    }
}

/// Follow the engine's own stream. On a terminal the table is drawn over itself; in a pipe it is
/// printed again (JSON: on one line) whenever something but usage changed.
async fn watch(session: &mut Session, args: &StatusArgs) -> Result<Exit, CliError> {
    let mut fleet = Fleet::new();
    let mut observations = crate::watch::watch(&session.engine, &session.settings);
    let recording = session.journal.clone().map(Recording::start);
    let mut screen = Screen::default();
    let interrupted = interrupt();
    tokio::pin!(interrupted);
    let in_place = session.out.tty && args.output != StatusFormat::Json;
    let mut only = None;
    let mut troubles = Troubles::default();
    let mut changed = false;
    let mut due = Instant::now() + REDRAW;
    loop {
        tokio::select! {
            () = &mut interrupted => break,
            observation = observations.next() => {
                let Some(observation) = observation else { break };
                if let Observation::Link(link) = &observation {
                    // Drawn in place, the situation says it; before there is anything to draw,
                    // and in a pipe, it is said here, once for every reason.
                    troubles.tell(link, in_place && only.is_some());
                }
                if let Some(recording) = &recording {
                    recording.tell(&observation);
                }
                let synced = matches!(observation, Observation::Synced { .. });
                let changes = fleet.apply(observation);
                if synced && only.is_none() {
                    only = Some(self::only(&fleet, args)?);
                }
                let news = changes.rows || changes.facts || synced || (in_place && changes.header);
                if news && !changed {
                    changed = true;
                    due = due.min(Instant::now() + SETTLE);
                }
            }
            () = sleep_until(due) => {
                due = Instant::now() + REDRAW;
                if let Some(only) = &only && (changed || in_place) {
                    changed = false;
                    let left = left(session, &fleet).await;
                    troubles.tell_left(&left, in_place);
                    let now = Timestamp::now();
                    let shown = Shown { fleet: &fleet, only, all: args.all, left: &left, now };
                    screen.show(&mut session.out, args.output, &shown, in_place)?;
                }
            }
        }
    }
    if let Some(recording) = recording {
        // A disk that hangs must not keep whoever wants to leave.
        let _ = timeout(FAREWELL, recording.close()).await;
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

/// What was last said on standard error.
#[derive(Default)]
struct Troubles {
    link: Option<String>,
    left: Vec<i64>,
}

impl Troubles {
    fn tell(&mut self, link: &Link, shown: bool) {
        let told = self.link.take();
        if let Link::Lost { why, remedy, .. } = link {
            if told.as_ref() != Some(why) && !shown {
                super::say(&format!("qd: {why}; trying again"));
                super::say(&format!("    {remedy}"));
            }
            self.link = Some(why.clone());
        }
    }

    /// Operations that have not ended, each once; drawn in place they stand in the picture.
    fn tell_left(&mut self, left: &[Left], shown: bool) {
        for one in left.iter().filter(|_| !shown) {
            if !self.left.contains(&one.operation()) {
                self.left.push(one.operation());
                super::say(one.text());
            }
        }
    }
}

/// What stands on the terminal, so that the next picture can be drawn over it.
#[derive(Default)]
struct Screen {
    lines: usize,
    last: String,
}

impl Screen {
    fn show(
        &mut self,
        out: &mut Out,
        format: StatusFormat,
        shown: &Shown<'_>,
        in_place: bool,
    ) -> Result<(), CliError> {
        if format == StatusFormat::Json {
            json::line(out, &view::status(shown))?;
            return out.flush();
        }
        let mut text = table::render(shown, format == StatusFormat::Wide, out);
        if !in_place {
            out.text(&text)?;
            out.text("\n")?;
            return out.flush();
        }
        for left in shown.left {
            text.push_str(&out.paint.text(Role::Warn, left.text()));
            text.push('\n');
        }
        if text == self.last {
            return Ok(());
        }
        // Never more lines than the terminal has: going up would stop at its top and the
        // pictures would pile up.
        let rows = crossterm::terminal::size().map_or(0, |(_, rows)| usize::from(rows));
        let rows = if rows == 0 { 24 } else { rows };
        let fitting: Vec<&str> = text.lines().take(rows.saturating_sub(1).max(1)).collect();
        // What is too long is cut by the terminal: a wrapped line would count for two. On again
        // with every picture, so that no way out leaves it off.
        out.text(WRAP_OFF)?;
        if self.lines > 0 {
            write!(out, "\x1b[{}A", self.lines)?;
        }
        for line in &fitting {
            // Erase to the end after writing, so that nothing flickers.
            write!(out, "\r{line}\x1b[K\n")?;
        }
        out.text("\x1b[J")?;
        out.text(WRAP_ON)?;
        self.lines = fitting.len();
        self.last = text;
        out.flush()
    }
}
