//! What the alert rules found, on the health tab: the open incidents of what is shown.

use ratatui::text::Span;

use super::sheet::{Sheet, View};
use super::{Target, scope, words};
use crate::alert::Incident;
use crate::config::Role;
use crate::console::board::{Loudness, loudness, role};

/// The open incidents of the target, worst first; nothing where there are none.
pub(super) fn list(view: &View<'_>, sheet: &mut Sheet<'_>) {
    let scene = view.scene;
    let service = scope::service_of(scene.fleet, scene.target);
    let here = |incident: &&Incident| match scene.target {
        Target::Project(project) => {
            incident.key.service.as_ref().is_some_and(|service| service.project == *project)
        }
        Target::Service(_) | Target::Replica(_) => service.is_some() && incident.key.service == service,
    };
    let mut open = scene.board.open.iter().filter(here).peekable();
    if open.peek().is_none() {
        return;
    }
    sheet.head_with("INCIDENTS", "by the alert rules");
    for incident in open {
        one(view, sheet, incident);
    }
}

fn one(view: &View<'_>, sheet: &mut Sheet<'_>, incident: &Incident) {
    let now = view.scene.now;
    let mut row =
        vec![Span::styled(format!(" {:<8} ", incident.severity.word()), sheet.style(role(incident)))];
    if let (Target::Project(_), Some(service)) = (view.scene.target, &incident.key.service) {
        row.push(Span::styled(format!("{}  ", service.name), sheet.style(Role::Text)));
    }
    row.push(Span::styled(format!("{} ", incident.key.rule), sheet.style(Role::Text)));
    let since = format!(
        "since {} ({})",
        words::clock(incident.since, now, view.zone),
        words::ago(incident.since, now)
    );
    row.push(Span::styled(since, sheet.style(Role::Dim)));
    sheet.row(row);
    if !incident.figures.is_empty() {
        let loud = loudness(incident) == Loudness::Loud;
        sheet.say(if loud { Role::Text } else { Role::Dim }, 3, &incident.figures);
    }
    if let Some(seen) = &incident.acknowledged {
        let note = if seen.note.is_empty() { String::new() } else { format!(": {}", seen.note) };
        let at = words::clock(seen.at, now, view.zone);
        sheet.say(Role::Dim, 3, &format!("seen by {} {at}{note}", seen.who));
    }
    if let Some(muted) = &incident.muted {
        let until = muted
            .until
            .map_or_else(String::new, |at| format!("until {}, ", words::clock(at, now, view.zone)));
        sheet.say(Role::Dim, 3, &format!("muted {until}{}", muted.why));
    }
}
