//! What the config says, put on one replica. Pure.

use std::sync::Arc;

use super::fold::Wanted;
use super::label;
use super::target::{Ask, Target};
use crate::config::{ExecRule, Expect, MetricsRule};
use crate::fleet::{Replica, ServiceId};
use crate::probe::{Asks, Goal, Http, Lay, Pace, default_name, fill, is_for};
use crate::text::mask;

/// The metrics of the config; containers' labels add to them.
#[derive(Clone, Debug, Default)]
pub struct Rules(Arc<[(MetricsRule, Arc<Wanted>)]>);

impl Rules {
    /// As the config has them.
    pub fn new(rules: &[MetricsRule]) -> Self {
        let family = |name: &Option<String>| name.as_deref().map(Arc::from);
        let wanted = |rule: &MetricsRule| Wanted {
            requests: family(&rule.requests),
            errors: family(&rule.errors),
            durations: family(&rule.durations),
            keep: rule.keep.clone(),
        };
        Self(rules.iter().map(|rule| (rule.clone(), Arc::new(wanted(rule)))).collect())
    }

    /// Which rules of the config are about none of these services, as the user wrote them.
    pub fn idle(&self, services: &[&ServiceId]) -> Vec<String> {
        let rules = self.0.iter().map(|(rule, _)| &rule.service);
        rules.filter(|glob| !services.iter().any(|service| is_for(glob, service))).cloned().collect()
    }
}

impl Asks for Rules {
    type Target = Target;

    fn concern(&self, replica: &Replica) -> bool {
        replica.labels.keys().any(|key| label::is_ours(key)) || !self.0.is_empty()
    }

    /// Of several that are named alike the first is taken, those of the config before that of a
    /// label.
    fn of(&self, replica: &Replica, lay: &Lay) -> (Vec<Target>, Vec<String>) {
        let rules = self.0.iter().enumerate();
        let mine = rules.filter(|(_, (rule, _))| is_for(&rule.service, &replica.service));
        let configured = mine.flat_map(|(n, (rule, wanted))| targets(n, rule, wanted, replica, lay));
        let (labelled, wrong) = label::target(replica, lay);
        let mut out: Vec<Target> = Vec::new();
        for target in configured.chain(labelled) {
            if !out.iter().any(|other| other.name == target.name) {
                out.push(target);
            }
        }
        (out, wrong)
    }

    fn is_told(target: &Target) -> bool {
        matches!(target.goal, Goal::Simulated { .. })
    }
}

fn targets(n: usize, rule: &MetricsRule, wanted: &Arc<Wanted>, replica: &Replica, lay: &Lay) -> Vec<Target> {
    let service = &replica.service;
    let pace = Pace { interval: rule.interval, timeout: rule.timeout, retries: 1, ..Pace::default() };
    let one = |name: Arc<str>, ask: Ask, goal: Goal, whole: bool| Target {
        service: service.clone(),
        replica: (!whole).then(|| replica.id.clone()),
        name,
        source: format!("config [[metrics]] {}", n + 1).into(),
        ask,
        goal,
        pace,
        started: if whole { None } else { replica.started },
    };
    let mut out = Vec::new();
    if let Some(path) = rule.http.as_ref().or(rule.https.as_ref()) {
        let path = fill(path, service);
        let whole = !path.starts_with('/');
        let tls = rule.https.is_some() || path.starts_with("https://");
        let goal = match rule.port {
            _ if whole => Goal::Url(path.as_str().into()),
            Some(port) => lay.reach(replica, port),
            None => lay.only(replica, "`port = …`"),
        };
        let http = Http {
            tls,
            method: "GET".into(),
            headers: rule.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            expect: Expect::default(),
            redirects: 0,
            verify_tls: rule.verify_tls,
        };
        // Two ports of one replica may have the same path.
        let detail = rule.port.map_or_else(|| path.clone(), |port| format!(":{port}{path}"));
        let name = default_name(if tls && !whole { "https" } else { "http" }, &mask::text(&detail));
        let ask = Ask::Text { http: Arc::new(http), wanted: wanted.clone() };
        out.push(one(name, ask, goal.at(&path), whole));
    }
    for exec in &rule.exec {
        let argv = exec.argv.iter().map(|word| fill(word, service)).collect();
        let command = ExecRule { argv, ..exec.clone() };
        let name = default_name("exec", &exec.name);
        out.push(one(name, Ask::Command(Arc::new(command)), Goal::Inside, false));
    }
    out
}
