//! `qd watch`: the rules evaluated without a screen, incidents written down and told; a line for
//! every change.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use super::args::{Global, TextOrJson, WatchArgs};
use super::exit::{CliError, Exit};
use super::incidents::{IncidentJson, role};
use super::session::Session;
use super::setup::{Setup, env};
use super::{json, metrics, past, say};
use crate::alert::{Change, Incident};
use crate::config::{self, Changed, Paths, Role, Settings};
use crate::duty::{self, Brief, Duty, Posting};
use crate::fleet::{Fleet, Link, Observation};
use crate::journal::Recording;
use crate::notify;
use crate::postmortem::Coroner;
use crate::probe::{self, Roster, Tools};
use crate::watch::Steering;

/// How often the rules are asked.
const LOOK: Duration = Duration::from_secs(1);
/// How long what is on its way may take when we are asked to go.
const FAREWELL: Duration = Duration::from_secs(5);
/// The same where we look only once.
const DELIVERY: Duration = Duration::from_secs(30);
/// How long to wait for the journal before the first look.
const MEET: Duration = Duration::from_secs(6);

/// Where settings come from, to read them again.
pub(super) struct Source {
    pub(super) paths: Paths,
    pub(super) global: Global,
}

/// Watch until a signal comes; or look once.
pub(super) async fn run(session: &mut Session, args: &WatchArgs, source: &Source) -> Result<Exit, CliError> {
    session.warn_unrecorded();
    if args.once { once(session, args).await } else { on(session, args, source).await }
}

fn posting(session: &Session, once: bool) -> Posting {
    let Brief { rules, targets, problems } = Brief::read(&session.settings.alerts, &env);
    for problem in problems {
        say(&format!("warning: {problem}"));
    }
    Posting { rules, targets, journal: session.journal.clone(), who: session.who.clone(), once }
}

async fn on(session: &mut Session, args: &WatchArgs, source: &Source) -> Result<Exit, CliError> {
    let posting = posting(session, false);
    let watching = format!("watching: {} rules, {} webhooks", posting.rules.len(), posting.targets.len());
    let mut duty = Duty::begin(posting);
    let recording = session.journal.clone().map(Recording::start);
    let mut coroner = session.journal.clone().map(|journal| Coroner::start(session.engine.clone(), journal));
    let mut files = config::watch(&source.paths, source.global.config.as_deref())
        .map(|files| files.with_rules(&session.settings.alerts.rules))
        .map_err(|error| say(&format!("warning: {error}")))
        .ok();
    // What is saved from here on is seen.
    say(&watching);
    let mut fleet = Fleet::new();
    let (mut observations, steering) = crate::watch::steered(&session.engine, &session.settings);
    let mut interrupted = pin!(super::interrupt());
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lost: Option<String> = None;
    loop {
        let saved = async {
            match &mut files {
                Some(files) => files.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = &mut interrupted => break,
            observation = observations.next() => {
                let Some(observation) = observation else { break };
                if let Observation::Link(link) = &observation {
                    tell_link(link, &mut lost);
                }
                if let Some(recording) = &recording {
                    recording.tell(&observation);
                }
                let death = coroner.as_ref().and_then(|_| Coroner::cares(&observation).then(|| observation.clone()));
                fleet.apply(observation);
                if let (Some(coroner), Some(death)) = (&mut coroner, death) {
                    coroner.observe(&death, &fleet, Timestamp::now());
                }
            }
            _ = looks.tick() => {
                for change in duty.look(&fleet, Timestamp::now()) {
                    tell(session, args, &change)?;
                }
            }
            word = duty.word() => {
                if let Some(words) = duty.take(word, Timestamp::now()) {
                    say(&format!("warning: {words}"));
                }
            }
            changed = saved => {
                if matches!(changed, Changed::Config | Changed::Alerts) {
                    reload(session, source, &mut duty, &steering);
                    files = files.map(|files| files.with_rules(&session.settings.alerts.rules));
                }
            }
        }
    }
    for standing in duty.end(FAREWELL).await {
        if standing.waiting + standing.dropped as usize > 0 {
            say(&format!(
                "webhook {}: {} sent, {} left for the next qd, {} given up",
                standing.target, standing.sent, standing.waiting, standing.dropped
            ));
        }
    }
    if let Some(coroner) = coroner {
        let _ = timeout(FAREWELL, coroner.close()).await;
    }
    if let Some(recording) = recording {
        // A disk that hangs must not keep whoever wants to leave.
        let _ = timeout(FAREWELL, recording.close()).await;
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

/// Why there is no engine, once for every reason; and that there is one again.
fn tell_link(link: &Link, lost: &mut Option<String>) {
    match link {
        Link::Lost { why, remedy, .. } => {
            if lost.as_ref() != Some(why) {
                say(&format!("qd: {why}; trying again"));
                say(&format!("    {remedy}"));
            }
            *lost = Some(why.clone());
        }
        Link::Live => {
            if lost.take().is_some() {
                say("the engine is back");
            }
        }
    }
}

/// Other rules, webhooks, probes or metrics from here on; while something is wrong with them, those
/// that were.
fn reload(session: &mut Session, source: &Source, duty: &mut Duty, steering: &Steering) {
    let settings = match Setup::settings_again(&source.global) {
        Ok(settings) => settings,
        Err(problems) => {
            say(&format!("config not taken over: {problems}"));
            return;
        }
    };
    let asked = |settings: &Settings| (settings.probes.clone(), settings.metrics.clone());
    if asked(&settings) != asked(&session.settings) {
        steering.ask(&settings);
        let (probes, metrics) = (settings.probes.len(), settings.metrics.len());
        say(&format!("config taken over: {probes} [[probe]], {metrics} [[metrics]]"));
        (session.settings.probes, session.settings.metrics) = asked(&settings);
    }
    let Brief { rules, targets, problems } = Brief::read(&settings.alerts, &env);
    if !problems.is_empty() {
        say(&format!("alerts not taken over: {}", problems.join("\n")));
        return;
    }
    say(&format!("alerts taken over: {} rules, {} webhooks", rules.len(), targets.len()));
    duty.replace(rules, targets, Timestamp::now());
    session.settings.alerts = settings.alerts;
}

async fn once(session: &mut Session, args: &WatchArgs) -> Result<Exit, CliError> {
    let mut duty = Duty::begin(posting(session, true));
    let (fleet, failed) = match session.fleet_with_usage().await {
        Ok(mut fleet) => {
            fleet.apply(Observation::Link(Link::Live));
            probe(session, &mut fleet).await;
            let asked = metrics::ask(session, &mut fleet, |_| true, Some(metrics::GAP)).await;
            for sentence in asked.sentences(&fleet) {
                say(&format!("warning: {sentence}"));
            }
            (fleet, None)
        }
        Err(error) => (unreachable(&error), Some(error)),
    };
    let deadline = Instant::now() + MEET;
    // The first look only asks the journal what is open.
    let mut changes = duty.look(&fleet, Timestamp::now());
    while let Ok(word) = timeout_at(deadline, duty.word()).await {
        let met = matches!(word, duty::Word::Met(_));
        if let Some(words) = duty.take(word, Timestamp::now()) {
            say(&format!("warning: {words}"));
        }
        if met {
            changes = duty.look(&fleet, Timestamp::now());
            break;
        }
    }
    for change in &changes {
        tell(session, args, change)?;
    }
    let open = duty.incidents().len();
    duty.end(DELIVERY).await;
    session.out.flush()?;
    match failed {
        Some(error) => Err(error),
        None if open > 0 => Ok(Exit::Failed),
        None => Ok(Exit::Done),
    }
}

/// Every probe, once.
async fn probe(session: &Session, fleet: &mut Fleet) {
    let (targets, wrong) = Roster::survey(&probe::Rules::new(&session.settings.probes), fleet);
    for sentence in wrong {
        say(&format!("warning: {sentence}"));
    }
    let targets: Vec<_> = targets.values().cloned().collect();
    let attempts = probe::attempts(&Tools::new(session.engine.clone()), &targets).await;
    let told = targets.iter().zip(&attempts).filter_map(|(target, attempt)| attempt.alone(target)).collect();
    fleet.apply(Observation::Probed(told));
}

/// A fleet of which nothing is known but that its engine does not answer.
fn unreachable(error: &CliError) -> Fleet {
    let mut fleet = Fleet::new();
    fleet.apply(Observation::Link(Link::Lost {
        why: error.to_string(),
        remedy: error.remedy(),
        retry_in: Duration::ZERO,
    }));
    fleet
}

/// A line for a change; a terminal rings, too.
fn tell(session: &mut Session, args: &WatchArgs, change: &Change) -> Result<(), CliError> {
    let incident = change.incident();
    let out = &mut session.out;
    match args.output {
        TextOrJson::Json => json::line(out, &IncidentJson::of(incident))?,
        TextOrJson::Text => {
            let utc = args.utc || session.settings.ui.utc;
            let (at, word) = match change {
                Change::Opened(_) => (incident.opened, "opened"),
                Change::Unmuted(_) => (Timestamp::now(), "unmuted"),
                Change::Closed(_) => (incident.closed.map_or(incident.opened, |(at, _)| at), "closed"),
            };
            let severity = format!("{:<8}", incident.severity.word());
            let painted = match change {
                Change::Closed(_) => out.paint.text(Role::Ok, &severity),
                _ => out.paint.text(role(incident.severity), &severity),
            };
            out.line(&format!("{} {word:<7} {painted} {}", past::clock(at, utc), words(incident)))?;
        }
    }
    let heard = incident.muted.is_none() && incident.severity >= session.settings.alerts.severity;
    if out.tty && heard && !matches!(change, Change::Closed(_)) {
        let bytes = notify::ring(&session.settings.alerts.terminal, incident, 0);
        out.text(&String::from_utf8_lossy(&bytes))?;
    }
    out.flush()
}

fn words(incident: &Incident) -> String {
    match (&incident.closed, &incident.muted) {
        (Some((at, end)), _) => {
            format!(
                "{} on {}: {} after {}",
                incident.key.rule,
                incident.subject(),
                end.words(),
                incident.lasted(*at)
            )
        }
        (None, Some(muted)) => format!("{} ({})", incident.sentence(), muted.why),
        (None, None) => incident.sentence(),
    }
}
