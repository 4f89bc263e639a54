//! Host ports that two would want at once.

use std::net::IpAddr;

use crate::engine::{Act, Step};
use crate::fleet::{Port, Replica, Verb};
use crate::operate::plan::{Draft, Scene, Weight};
use crate::operate::{PlannedStep, Work};

/// Published ports of what is to be started that something else holds, or that two of them want.
pub(super) fn clashes(scene: &Scene, steps: &[PlannedStep], draft: &mut Draft) {
    let started: Vec<&Replica> = steps
        .iter()
        .filter(|step| {
            matches!(&step.work, Work::Step(Step::Act(Act { verb: Verb::Start | Verb::Restart, .. })))
        })
        .filter_map(|step| scene.fleet.replica(step.replica()?))
        .filter(|replica| !replica.is_up())
        .collect();
    for (i, replica) in started.iter().enumerate() {
        for (port, host) in replica.ports.iter().filter_map(|p| p.host.map(|h| (p, h))) {
            let wants = |other: &&&Replica| other.ports.iter().any(|theirs| clash(port, host, theirs));
            let all = scene.fleet.services().flat_map(|s| scene.fleet.replicas_of(&s.id));
            let others: Vec<&Replica> = all.filter(|other| other.id != replica.id).collect();
            if let Some(holder) = others.iter().filter(|o| o.is_up()).find(wants) {
                let words = format!("{} wants port {}, which {} holds", replica.name, host.1, holder.name);
                draft.warn(Weight::Others, words);
            } else if let Some(rival) = started.iter().take(i).find(wants) {
                let words = format!(
                    "{} and {} both want port {}: only one of them will start",
                    rival.name, replica.name, host.1
                );
                draft.warn(Weight::Others, words);
            }
        }
    }
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
