//! The ports tab: what is published where, what is only exposed, and who else claims the same
//! host port.

use ratatui::text::Span;

use super::sheet::{Sheet, View};
use super::{Target, scope};
use crate::config::Role;
use crate::console::widget::text;
use crate::fleet::{Bind, Claim, Claimant, Fleet, Port, PortRange, Replica, Service, fold};

/// Build the page.
pub(super) fn build<'a>(view: &View<'a>, sheet: &mut Sheet<'a>) {
    let scene = view.scene;
    let replicas = scope::replicas(scene.fleet, scene.target);
    for sentence in clashes(scene.fleet, &replicas) {
        sheet.say(Role::Bad, 0, &format!("{} {sentence}", scene.look.glyphs.bad));
    }
    if let Target::Project(_) = scene.target {
        let mut silent = Vec::new();
        for service in scope::services(scene.fleet, scene.target) {
            let ports = of_service(scene.fleet, service);
            if ports.is_empty() {
                silent.push(service.id.name.as_ref());
            } else {
                sheet.head(service.id.name.as_ref());
                list(view, sheet, &ports);
            }
        }
        if !silent.is_empty() {
            sheet.say(Role::Dim, 0, &format!("without any port: {}", silent.join(", ")));
        }
        return;
    }
    if replicas.is_empty() {
        sheet.say(Role::Dim, 0, "it has no replica, hence no ports");
    }
    for replica in &replicas {
        if replica.is_up() {
            sheet.head(replica.name.as_ref());
        } else {
            sheet.head_with(replica.name.as_ref(), replica.state.word());
        }
        if replica.ports.is_empty() {
            let why = if replica.is_up() {
                "none: its image exposes none, the service publishes none"
            } else {
                "none known while it is not up"
            };
            sheet.say(Role::Dim, 1, why);
        }
        list(view, sheet, &replica.ports);
    }
}

fn of_service(fleet: &Fleet, service: &Service) -> Vec<Port> {
    let mut ports: Vec<Port> = fleet.replicas_of(&service.id).flat_map(|r| r.ports.iter().cloned()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Folded ports, each with what it means.
fn list(view: &View<'_>, sheet: &mut Sheet<'_>, ports: &[Port]) {
    let ranges = fold(ports);
    let arrow = view.scene.look.glyphs.arrow;
    let long: Vec<String> = ranges.iter().map(|r| r.long(arrow)).collect();
    let widest = long.iter().map(|l| text::width(l)).max().unwrap_or(0).min(sheet.width() / 2);
    for (range, long) in ranges.iter().zip(&long) {
        let (meaning, role) = meaning(range);
        let pad = widest.saturating_sub(text::width(long));
        let figures = if range.host.is_some() { Role::Text } else { Role::Dim };
        sheet.row(vec![
            Span::styled(format!(" {long}{}  ", " ".repeat(pad)), sheet.style(figures)),
            Span::styled(meaning, sheet.style(role)),
        ]);
    }
}

/// Who can reach it.
fn meaning(range: &PortRange) -> (String, Role) {
    match range.host.map(|(bind, _)| bind) {
        None => ("exposed only: reachable by containers on its networks".into(), Role::Dim),
        Some(Bind::Any { v4, v6 }) => {
            let families = match (v4, v6) {
                (true, false) => ", IPv4 only",
                (false, true) => ", IPv6 only",
                _ => "",
            };
            (format!("open on all interfaces{families}"), Role::Info)
        }
        Some(Bind::Loopback { .. }) => ("from this host only".into(), Role::Ok),
        Some(Bind::Address(address)) => (format!("on {address} only"), Role::Info),
    }
}

/// Host ports of `mine` that somebody else claims as well, each as a sentence. Up or not: a stopped
/// one that claims a taken port will fail when it is started.
fn clashes(fleet: &Fleet, mine: &[&Replica]) -> Vec<String> {
    let is_mine =
        |claim: &Claim| matches!(&claim.by, Claimant::Replica { id, .. } if mine.iter().any(|r| r.id == *id));
    let name = |claim: &Claim| match &claim.by {
        Claimant::Replica { name, service, state, .. } => {
            format!("{name} ({}, {})", service.path(), state.word())
        }
        by => by.words(),
    };
    let ports = fleet.host_ports(&[]).into_iter();
    ports
        .filter(|port| port.clash && port.claims.iter().any(is_mine))
        .map(|port| {
            let mut names: Vec<String> = port.claims.iter().map(name).collect();
            names.sort_unstable();
            names.dedup();
            let (number, protocol) = (port.number, port.protocol.word());
            let names = names.join(" and by ");
            format!("host port {number}/{protocol} is claimed by {names}: only one of them can run")
        })
        .collect()
}
