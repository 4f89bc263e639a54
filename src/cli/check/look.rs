//! One look: list, probe, judge.

use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::exit::CliError;
use crate::cli::session::Session;
use crate::cli::{ports, target};
use crate::fleet::{Fleet, Health, HostPort, Observation, ServiceId};
use crate::operate::Target as Named;
use crate::probe::{Attempt, Outcome, Roster, Rules, Target, Tools, attempts};

/// How many names a sentence lists.
const LISTED: usize = 5;

/// What is looked at.
pub(in crate::cli) struct Look<'a> {
    /// The probes of the config.
    pub(in crate::cli) rules: Rules,
    /// Only these, as written; empty = everything that is meant to run.
    pub(in crate::cli) names: &'a [String],
}

/// What was seen.
pub(in crate::cli) struct Seen {
    /// The fleet, with what the probes found out.
    pub(in crate::cli) fleet: Fleet,
    /// When.
    pub(in crate::cli) at: Timestamp,
    /// The services looked at, in their order.
    pub(in crate::cli) services: Vec<Checked>,
    /// What is wrong with labels, and which ports of the host two want, each a sentence.
    pub(in crate::cli) wrong: Vec<String>,
    /// Those of them about ports.
    pub(in crate::cli) clashes: Vec<String>,
}

/// One service.
pub(in crate::cli) struct Checked {
    pub(in crate::cli) service: ServiceId,
    pub(in crate::cli) health: Health,
    /// Why it is not well; empty where it is.
    pub(in crate::cli) why: String,
    pub(in crate::cli) verdict: Verdict,
    pub(in crate::cli) probes: Vec<(Arc<Target>, Attempt)>,
}

/// What it comes to, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Verdict {
    /// All is well.
    Well,
    /// It could not be found out.
    Unknown,
    /// It works in part, or does not work yet.
    Ailing,
    /// It does not work.
    Broken,
}

impl Checked {
    /// Nothing looks whether it works.
    pub(in crate::cli) fn is_unchecked(&self) -> bool {
        self.health == Health::Running && self.probes.is_empty()
    }

    /// What it is, in a word or two.
    pub(in crate::cli) fn words(&self) -> &'static str {
        match (self.verdict, self.health) {
            (Verdict::Well, _) if self.is_unchecked() => "running, unchecked",
            (Verdict::Well, _) => "healthy",
            (Verdict::Unknown, _) => "unknown",
            (_, health) => health.word(),
        }
    }
}

impl Look<'_> {
    /// Look now.
    pub(in crate::cli) async fn now(&self, session: &Session, tools: &Tools) -> Result<Seen, CliError> {
        let mut fleet = session.fleet().await?;
        let named: Vec<Named> =
            self.names.iter().map(|name| target::resolve(&fleet, name, None)).collect::<Result<_, _>>()?;
        let (targets, mut wrong) = Roster::survey(&self.rules, &fleet);
        let is_meant = |service: &ServiceId| match named.as_slice() {
            [] => fleet
                .summary(service, Timestamp::now())
                .is_some_and(|summary| summary.total > 0 && summary.health.health != Health::Stopped),
            named => named.iter().any(|target| target::covers(target, service, &fleet)),
        };
        let services: Vec<ServiceId> =
            fleet.services().map(|service| service.id.clone()).filter(|id| is_meant(id)).collect();
        let targets: Vec<Arc<Target>> =
            targets.values().filter(|target| services.contains(&target.service)).cloned().collect();
        let attempts = attempts(tools, &targets).await;
        let mut probes: Vec<(Arc<Target>, Attempt)> = targets.into_iter().zip(attempts).collect();
        let told = probes.iter().filter_map(|(target, attempt)| attempt.alone(target)).collect();
        fleet.apply(Observation::Probed(told));
        let at = Timestamp::now();
        let listeners = match ports::listeners(&session.engine).await {
            Ok(listeners) => listeners,
            Err(why) => {
                // Of another machine nobody expects it.
                wrong.extend(fleet.engine().is_some_and(|engine| engine.local).then_some(why));
                Vec::new()
            }
        };
        let mut clashing = fleet.host_ports(&listeners);
        fleet.apply(Observation::Listening(listeners));
        clashing.retain(|port| port.clash && port.claims.iter().any(|claim| claim.by.service().is_some()));
        let checked = services.into_iter().filter_map(|service| {
            let own = probes.extract_if(.., |(target, _)| target.service == service).collect();
            checked(&fleet, service, own, at)
        });
        let services: Vec<Checked> = checked.collect();
        let is_theirs = |port: &&HostPort| {
            let looked_at = |id: &ServiceId| services.iter().any(|one| one.service == *id);
            named.is_empty() || port.claims.iter().filter_map(|claim| claim.by.service()).any(looked_at)
        };
        let clashes: Vec<String> = clashing.iter().filter(is_theirs).map(HostPort::sentence).collect();
        wrong.extend(clashes.iter().cloned());
        Ok(Seen { fleet, at, services, wrong, clashes })
    }
}

fn checked(
    fleet: &Fleet,
    service: ServiceId,
    probes: Vec<(Arc<Target>, Attempt)>,
    at: Timestamp,
) -> Option<Checked> {
    let since = fleet.summary(&service, at)?.health;
    let mut verdict = match since.health {
        Health::Healthy | Health::Running => Verdict::Well,
        Health::Starting | Health::Degraded => Verdict::Ailing,
        Health::Unhealthy | Health::Down | Health::Stopped | Health::Paused => Verdict::Broken,
    };
    let mut why = if verdict == Verdict::Well { String::new() } else { since.why };
    // What could not be found out is no good news, and does not hide bad ones.
    let mut unknown = probes.iter().filter_map(|(target, attempt)| match &attempt.outcome {
        Outcome::Unknown(words) => Some(format!("{}: {words}", target.name)),
        Outcome::Passed | Outcome::Failed(_) => None,
    });
    if let Some(words) = unknown.next().filter(|_| verdict == Verdict::Well) {
        (verdict, why) = (Verdict::Unknown, words);
    }
    Some(Checked { service, health: since.health, why, verdict, probes })
}

impl Seen {
    /// What it all comes to: the worst. Nothing at all is nothing known.
    pub(in crate::cli) fn verdict(&self) -> Verdict {
        self.services.iter().map(|one| one.verdict).max().unwrap_or(Verdict::Unknown)
    }

    /// What is not well, the worst first.
    pub(in crate::cli) fn ailing(&self) -> Vec<&Checked> {
        let mut all: Vec<&Checked> =
            self.services.iter().filter(|one| one.verdict != Verdict::Well).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.verdict));
        all
    }

    /// `shop/api (starting), shop/db (down: exit 1)`.
    pub(in crate::cli) fn waiting_for(&self) -> String {
        if self.services.is_empty() {
            return "anything to run".into();
        }
        let one = |one: &&Checked| {
            let path = one.service.path();
            if one.why.is_empty() {
                format!("{path} ({})", one.words())
            } else {
                format!("{path} ({}: {})", one.words(), one.why)
            }
        };
        let all = self.ailing();
        let mut list: Vec<String> = all.iter().take(LISTED).map(one).collect();
        if all.len() > LISTED {
            list.push(format!("{} more", all.len() - LISTED));
        }
        list.join(", ")
    }

    /// What a probed replica is called.
    pub(in crate::cli) fn replica_name(&self, target: &Target) -> Option<String> {
        let id = target.replica.as_ref()?;
        Some(self.fleet.replica(id).map_or_else(|| id.short().to_owned(), |replica| replica.name.to_string()))
    }
}
