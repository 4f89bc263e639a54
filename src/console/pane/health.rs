//! The health tab: open incidents, what probes find, whether metrics can be had, what the HEALTHCHECK
//! is and said, how often the replica restarted and how it
//! last ended, and what happened lately.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

use ratatui::text::Span;

use super::dossier::Known;
use super::sheet::{Sheet, View};
use super::{Target, incidents, metrics, probes, scope, words};
use crate::config::Role;
use crate::engine::{Details, HealthLog, HealthSpec};
use crate::fleet::{HealthCheck, Replica, ReplicaId, State};
use crate::text::human;

/// So many recent events are listed.
const EVENTS: usize = 50;

/// Build the page.
pub(super) fn build<'a>(view: &View<'a>, sheet: &mut Sheet<'a>) {
    if let Target::Project(_) = view.scene.target {
        incidents::list(view, sheet);
        services(view, sheet);
        events(view, sheet);
        return;
    }
    let Some(replica) = view.dossier.shown(view.scene) else {
        sheet.say(Role::Dim, 0, "it has no replica: nothing has a health");
        incidents::list(view, sheet);
        probes::list(view, sheet, None);
        metrics::list(view, sheet, None);
        events(view, sheet);
        return;
    };
    sheet.which(view, replica);
    verdict(view, sheet, replica);
    incidents::list(view, sheet);
    probes::list(view, sheet, Some(replica));
    metrics::list(view, sheet, Some(replica));
    match view.dossier.known(&replica.id) {
        Known::Waiting => sheet.say(Role::Dim, 1, "asking the engine for check and results"),
        Known::Failed(error) => sheet.failed(error),
        Known::Details(details, error) => {
            if let Some(error) = error {
                sheet.failed(error);
            }
            check(view, sheet, details);
            results(view, sheet, details);
        }
    }
    endings(view, sheet, replica);
    others(view, sheet);
    events(view, sheet);
}

/// What is wrong, since when.
fn verdict(view: &View<'_>, sheet: &mut Sheet<'_>, replica: &Replica) {
    let scene = view.scene;
    let Some(summary) = scene.fleet.replica_summary(&replica.id, scene.now) else { return };
    let (glyph, role) = words::health(summary.health.health, scene.look.glyphs);
    let mut sentence = format!("{glyph} {}", summary.health.health.word());
    if let Some(at) = summary.health.at {
        let _ = write!(
            sentence,
            " since {} ({})",
            words::clock(at, scene.now, view.zone),
            words::ago(at, scene.now)
        );
    }
    if !summary.health.why.is_empty() {
        let _ = write!(sentence, ": {}", summary.health.why);
    }
    sheet.say(role, 1, &sentence);
}

fn check(view: &View<'_>, sheet: &mut Sheet<'_>, details: &Details) {
    sheet.head("HEALTHCHECK");
    let Some(spec) = &details.health else {
        sheet.say(
            Role::Dim,
            1,
            "none declared, by image or service: the engine knows that its process runs, not that it works",
        );
        return;
    };
    let state = match details.replica.check {
        HealthCheck::Healthy => ("healthy: the last check passed".to_owned(), Role::Ok),
        HealthCheck::Unhealthy => (
            format!("unhealthy: failed {} in a row", human_count(details.failing_streak, "check")),
            Role::Bad,
        ),
        HealthCheck::Starting => ("starting: not decided yet".to_owned(), Role::Warn),
        HealthCheck::None => ("not checked (yet)".to_owned(), Role::Dim),
    };
    let near = details.failing_streak > 0 && details.replica.check != HealthCheck::Unhealthy;
    let state = if near {
        let streak = human_count(details.failing_streak, "check");
        (format!("{}; {streak} failed in a row, {} make it unhealthy", state.0, spec.retries), Role::Warn)
    } else {
        state
    };
    sheet.pairs([
        ("state", state.0, state.1),
        ("test", test(spec), Role::Text),
        ("rhythm", rhythm(spec), Role::Text),
    ]);
    if !matches!(details.replica.state, State::Running) {
        sheet.say(Role::Dim, 1, &format!("it is {}, so it is not checked", details.replica.state.word()));
    }
    let _ = view;
}

/// `CMD-SHELL curl …` is for the engine; a reader wants the command.
fn test(spec: &HealthSpec) -> String {
    match spec.test.split_first() {
        Some((kind, rest)) if kind == "CMD-SHELL" => rest.join(" "),
        Some((kind, rest)) if kind == "CMD" => words::command(rest),
        Some((kind, _)) if kind == "NONE" => "disabled by the service".into(),
        _ => spec.test.join(" "),
    }
}

fn rhythm(spec: &HealthSpec) -> String {
    let age = |d: Duration| if d < Duration::from_secs(1) { words::seconds(d) } else { human::age(d) };
    let mut rhythm = format!(
        "every {}, allowed {}, {} make it unhealthy",
        age(spec.interval),
        age(spec.timeout),
        human_count(spec.retries, "failure")
    );
    if !spec.start_period.is_zero() {
        let _ = write!(rhythm, ", not counted in the first {}", age(spec.start_period));
    }
    rhythm
}

fn human_count(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn results(view: &View<'_>, sheet: &mut Sheet<'_>, details: &Details) {
    if details.health.is_none() {
        return;
    }
    sheet.head_with("RESULTS", "newest first");
    if details.health_log.is_empty() {
        sheet.say(Role::Dim, 1, "none yet");
    }
    for result in details.health_log.iter().rev() {
        let scene = view.scene;
        let took = Duration::try_from(result.end.duration_since(result.start)).unwrap_or_default();
        let (glyph, word, role) = outcome(view, result);
        sheet.row(vec![
            Span::styled(format!(" {glyph} {word:<8}"), sheet.style(role)),
            Span::styled(
                format!(
                    " {} ({})",
                    words::clock(result.start, scene.now, view.zone),
                    words::ago(result.start, scene.now)
                ),
                sheet.style(Role::Time),
            ),
            Span::styled(format!("  took {}", words::seconds(took)), sheet.style(Role::Dim)),
        ]);
        for line in result.output.lines().filter(|l| !l.trim().is_empty()) {
            sheet.say(Role::Text, 3, line);
        }
    }
}

fn outcome(view: &View<'_>, result: &HealthLog) -> (&'static str, String, Role) {
    let glyphs = view.scene.look.glyphs;
    match result.exit {
        0 => (glyphs.ok, "passed".into(), Role::Ok),
        -1 => (glyphs.bad, "no result".into(), Role::Bad),
        code => (glyphs.bad, format!("exit {code}"), Role::Bad),
    }
}

/// How often it restarted, how it last ended.
fn endings(view: &View<'_>, sheet: &mut Sheet<'_>, replica: &Replica) {
    let scene = view.scene;
    sheet.head("RUNS");
    let missing = || (scene.look.glyphs.missing.to_owned(), Role::Dim);
    let restarts = replica.restarts.map_or_else(missing, |n| {
        let role = if n > 0 { Role::Warn } else { Role::Text };
        (
            if n == 0 {
                "none by the engine".to_owned()
            } else {
                human_count(n, "restart") + " by the engine"
            },
            role,
        )
    });
    let started = replica.started.map_or_else(
        || ("never".to_owned(), Role::Dim),
        |at| {
            (
                format!("{} ({})", words::clock(at, scene.now, view.zone), words::ago(at, scene.now)),
                Role::Text,
            )
        },
    );
    sheet.pairs([("restarts", restarts.0, restarts.1), ("started", started.0, started.1)]);
    // Running again, the fleet has forgotten how it ended; the last death seen has not.
    let seen = scene.fleet.events().filter(|e| e.replica == replica.id).fold(None, |last, e| match e.kind {
        crate::fleet::EventKind::Died(exit) => Some((e.at, exit)),
        _ => last,
    });
    let ended = match (replica.exit, replica.finished) {
        (Some(exit), at) => Some((at, exit)),
        (None, _) => seen.map(|(at, exit)| (Some(at), exit)),
    };
    if let Some((at, exit)) = ended {
        let mut story = words::exit(exit);
        if let Some(at) = at {
            let _ =
                write!(story, ", {} ({})", words::clock(at, scene.now, view.zone), words::ago(at, scene.now));
            let ran = replica.started.map(|s| at.duration_since(s)).and_then(|d| Duration::try_from(d).ok());
            if let Some(ran) = ran {
                let _ = write!(story, ", after running {}", words::seconds(ran));
            }
        }
        if let Some(meaning) = words::exit_meaning(exit) {
            let _ = write!(story, ": {meaning}");
        }
        let role = if exit.code == 0 && !exit.oom { Role::Text } else { Role::Bad };
        sheet.pairs([("last end", story, role)]);
    }
    if let Known::Details(Details { error: Some(error), .. }, _) = view.dossier.known(&replica.id) {
        sheet.pairs([("engine", error.clone(), Role::Bad)]);
    }
}

/// The other replicas of the target, each in one row.
fn others(view: &View<'_>, sheet: &mut Sheet<'_>) {
    let scene = view.scene;
    let all = scope::replicas(scene.fleet, scene.target);
    if all.len() < 2 {
        return;
    }
    sheet.head("ALL REPLICAS");
    for replica in all {
        let Some(summary) = scene.fleet.replica_summary(&replica.id, scene.now) else { continue };
        sheet.standing(view, &replica.name, &summary, None);
    }
}

/// Every service of a project, worst first.
fn services(view: &View<'_>, sheet: &mut Sheet<'_>) {
    let scene = view.scene;
    let mut rows: Vec<_> = scope::services(scene.fleet, scene.target)
        .into_iter()
        .filter_map(|s| scene.fleet.summary(&s.id, scene.now).map(|summary| (&s.id.name, summary)))
        .collect();
    sheet.head_with("SERVICES", "worst first");
    if rows.is_empty() {
        sheet.say(Role::Dim, 1, "none");
    }
    rows.sort_by_key(|(_, summary)| std::cmp::Reverse(summary.health.health));
    for (name, summary) in rows {
        let counts = format!("{}/{}", summary.up, summary.total);
        sheet.standing(view, name, &summary, Some(&counts));
    }
}

/// What happened lately to the target.
fn events(view: &View<'_>, sheet: &mut Sheet<'_>) {
    let scene = view.scene;
    let service = scope::service_of(scene.fleet, scene.target);
    // A recreated replica has another id: by service its history stays whole.
    let wanted: HashSet<&ReplicaId> = match scene.target {
        Target::Replica(id) => [id].into(),
        _ => HashSet::new(),
    };
    let mine = scene.fleet.events().filter(|e| match scene.target {
        Target::Project(project) => e.service.project == *project,
        Target::Service(_) => Some(&e.service) == service.as_ref(),
        Target::Replica(_) => wanted.contains(&e.replica),
    });
    let mine: Vec<_> = mine.collect();
    sheet.head_with("EVENTS", "newest first, since quarterdeck looks on");
    if mine.is_empty() {
        sheet.say(Role::Dim, 1, "none");
    }
    for event in mine.iter().rev().take(EVENTS) {
        let (what, role) = words::event(&event.kind);
        let mut row = vec![Span::styled(
            format!(" {}  ", words::clock(event.at, scene.now, view.zone)),
            sheet.style(Role::Time),
        )];
        if !matches!(scene.target, Target::Replica(_)) {
            let name = scene
                .fleet
                .replica(&event.replica)
                .map_or_else(|| event.service.name.clone(), |r| r.name.clone());
            row.push(Span::styled(format!("{name}  "), sheet.style(Role::Text)));
        }
        row.push(Span::styled(what, sheet.style(role)));
        sheet.row(row);
    }
    if mine.len() > EVENTS {
        sheet.say(Role::Dim, 1, &format!("{} older ones are not listed", mine.len() - EVENTS));
    }
}
