//! What to know before saying yes. Few and true: a warning that is always there is not read.

use std::collections::HashSet;
use std::net::IpAddr;

use super::plan::depends_on;
use super::{Options, PlannedStep, words};
use crate::fleet::{Fleet, Port, Replica, ReplicaId, ServiceId, State, Verb};

/// The warnings of a plan, most important first.
pub(super) fn warnings(
    verb: Verb,
    steps: &[PlannedStep],
    services: &[ServiceId],
    fleet: &Fleet,
    options: &Options,
) -> Vec<String> {
    let mut out = Vec::new();
    let up = steps.iter().filter(|s| matches!(s.state, State::Running | State::Paused | State::Restarting));
    let up = up.count();
    match verb {
        Verb::Remove if options.force && up > 0 => {
            out.push(format!(
                "{} killed first, without grace",
                words::replicas_are(up, "still up and will be")
            ));
        }
        Verb::Kill if options.signal.is_none() => {
            out.push("no grace: what is in flight is lost".to_owned());
        }
        _ => {}
    }
    if matches!(verb, Verb::Stop | Verb::Kill | Verb::Remove | Verb::Pause) {
        out.extend(left_without(steps, services, fleet));
    }
    if matches!(verb, Verb::Start | Verb::Restart) {
        out.extend(port_clashes(steps, fleet));
    }
    out
}

/// Running services that say they depend on one that would go away altogether.
fn left_without(steps: &[PlannedStep], services: &[ServiceId], fleet: &Fleet) -> Vec<String> {
    let touched: HashSet<&ReplicaId> = steps.iter().filter_map(|s| s.replica()).collect();
    let mut out = Vec::new();
    for id in services {
        let survives = fleet.replicas_of(id).any(|r| r.state == State::Running && !touched.contains(&r.id));
        let was_up = fleet.replicas_of(id).any(|r| r.state == State::Running);
        if survives || !was_up {
            continue;
        }
        let dependents: Vec<String> = fleet
            .services()
            .filter(|other| other.id.project == id.project && !services.contains(&other.id))
            .filter(|other| fleet.replicas_of(&other.id).any(Replica::is_up))
            .filter(|other| depends_on(&other.id, fleet).any(|below| below == *id))
            .map(|other| other.id.name.to_string())
            .collect();
        if !dependents.is_empty() {
            let verb = if dependents.len() == 1 { "depends" } else { "depend" };
            out.push(format!("{} {verb} on {}", words::list(&dependents, 4), id.name));
        }
    }
    out
}

/// Published ports of what is to be started that something else already holds.
fn port_clashes(steps: &[PlannedStep], fleet: &Fleet) -> Vec<String> {
    let mut out = Vec::new();
    for step in steps {
        let replica = step.replica().and_then(|id| fleet.replica(id));
        let Some(starting) = replica.filter(|r| !r.is_up()) else { continue };
        for (port, host) in starting.ports.iter().filter_map(|p| p.host.map(|h| (p, h))) {
            let holder = fleet
                .services()
                .flat_map(|s| fleet.replicas_of(&s.id))
                .filter(|other| other.id != starting.id && other.is_up())
                .find(|other| other.ports.iter().any(|theirs| clash(port, host, theirs)));
            if let Some(holder) = holder {
                let line = format!("{} wants port {}, which {} holds", starting.name, host.1, holder.name);
                if !out.contains(&line) {
                    out.push(line);
                }
            }
        }
    }
    out
}

/// Whether two published ports can't be had at once: same number and transport, and addresses
/// that are equal or one of which is "all".
fn clash(ours: &Port, host: (IpAddr, u16), theirs: &Port) -> bool {
    theirs.protocol == ours.protocol
        && theirs.host.is_some_and(|(ip, number)| {
            number == host.1
                && ip.is_ipv4() == host.0.is_ipv4()
                && (ip == host.0 || ip.is_unspecified() || host.0.is_unspecified())
        })
}
