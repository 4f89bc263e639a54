//! What the config says, put on one replica. Pure.

use std::sync::Arc;

use super::label;
use super::target::{Check, Goal, Http, Lay, Pace, Source, Target, default_name, fill};
use super::work::Asks;
use crate::config::{Place, ProbePurpose, ProbeRule, glob_matches};
use crate::fleet::{Purpose, Replica, ServiceId};

/// The probes of the config, and whether containers' labels may add to them.
#[derive(Clone, Debug, Default)]
pub struct Rules(Arc<[ProbeRule]>);

impl Rules {
    /// As the config has them.
    pub fn new(probes: &[ProbeRule]) -> Self {
        Self(probes.into())
    }

    /// Everything to be probed of one replica that runs, by config and by label; and what is wrong
    /// with its labels, each a sentence.
    ///
    /// Of several probes of one name and purpose the first is taken, those of the config before
    /// those of labels: so a general rule can have an exception before it.
    pub fn of(&self, replica: &Replica, lay: &Lay) -> (Vec<Target>, Vec<String>) {
        let service = &replica.service;
        let rules = self.0.iter().enumerate().filter(|(_, rule)| is_for(&rule.service, service));
        let configured = rules.filter_map(|(n, rule)| target(n, rule, replica, lay));
        let (labelled, wrong) = label::targets(replica, lay);
        let mut out: Vec<Target> = Vec::new();
        for mut target in configured.chain(labelled) {
            if out.iter().any(|other| other.name == target.name && other.purpose == target.purpose) {
                continue;
            }
            if out.iter().any(|other| other.name == target.name) {
                // One question asked for two purposes is two probes.
                let word = if target.purpose == Purpose::Readiness { "ready" } else { "live" };
                target.name = format!("{} ({word})", target.name).into();
            }
            out.push(target);
        }
        (out, wrong)
    }

    /// Which rules of the config are about none of these services, as the user wrote them.
    pub fn idle(&self, services: &[&ServiceId]) -> Vec<String> {
        let idle =
            self.0.iter().filter(|rule| !services.iter().any(|service| is_for(&rule.service, service)));
        idle.map(|rule| rule.service.clone()).collect()
    }
}

impl Asks for Rules {
    type Target = Target;

    fn concern(&self, replica: &Replica) -> bool {
        replica.labels.keys().any(|key| key.starts_with(label::PREFIX)) || !self.0.is_empty()
    }

    fn of(&self, replica: &Replica, lay: &Lay) -> (Vec<Target>, Vec<String>) {
        self.of(replica, lay)
    }

    fn is_told(target: &Target) -> bool {
        matches!((&target.goal, &target.source), (Goal::Simulated { .. }, Source::Label(_)))
    }
}

/// Whether a rule for these services is about this one.
pub fn is_for(glob: &str, service: &ServiceId) -> bool {
    glob_matches(glob, &service.path())
        || service.project.as_deref().is_some_and(|project| glob_matches(glob, project))
}

fn target(n: usize, rule: &ProbeRule, replica: &Replica, lay: &Lay) -> Option<Target> {
    let service = &replica.service;
    let What { check, detail, goal, whole } = what(rule, replica, lay)?;
    let name = match &rule.name {
        Some(name) => crate::text::sanitize::label(name, 40),
        None => default_name(check.word(), &detail),
    };
    Some(Target {
        service: service.clone(),
        replica: (!whole).then(|| replica.id.clone()),
        name,
        purpose: match rule.purpose {
            ProbePurpose::Liveness => Purpose::Liveness,
            ProbePurpose::Readiness => Purpose::Readiness,
        },
        source: Source::Config(n + 1),
        check,
        goal,
        pace: Pace {
            interval: rule.interval,
            timeout: rule.timeout,
            retries: rule.retries,
            start_period: rule.start_period,
        },
        started: if whole { None } else { replica.started },
    })
}

/// What a rule comes to for one replica.
struct What {
    check: Check,
    /// What tells it from others of its kind.
    detail: String,
    goal: Goal,
    /// It is about the service as a whole.
    whole: bool,
}

fn what(rule: &ProbeRule, replica: &Replica, lay: &Lay) -> Option<What> {
    let service = &replica.service;
    if let Some(argv) = &rule.exec {
        let argv: Arc<[String]> = argv.iter().map(|word| fill(word, service)).collect();
        let program = argv.first().map_or("", String::as_str);
        let detail = program.rsplit('/').next().unwrap_or(program).to_owned();
        return Some(What { check: Check::Exec(argv), detail, goal: Goal::Inside, whole: false });
    }
    if let Some(path) = rule.http.as_ref().or(rule.https.as_ref()) {
        let path = fill(path, service);
        let whole = !path.starts_with('/');
        let tls = rule.https.is_some() || path.starts_with("https://");
        let goal = match rule.port {
            _ if whole => Goal::Url(path.as_str().into()),
            Some(port) => lay.reach(replica, port),
            None => lay.only(replica, "`port = …`"),
        };
        let check = Check::Http(Arc::new(Http::new(rule, service, tls)));
        return Some(What { check, goal: goal.at(&path), detail: path, whole });
    }
    let (check, place) = [
        (Check::Tcp, &rule.tcp),
        (Check::Postgres, &rule.postgres),
        (Check::Redis, &rule.redis),
        (Check::Mongodb, &rule.mongodb),
        (Check::Kafka, &rule.kafka),
    ]
    .into_iter()
    .find_map(|(check, place)| Some((check, place.as_ref()?)))?;
    let detail = fill(&place.to_string(), service);
    Some(match place {
        Place::Port(port) => What { check, detail, goal: lay.reach(replica, *port), whole: false },
        Place::Address { host, port } => {
            let host = fill(host, service).into();
            // Whatever is there may be an engine's proxy.
            let goal = Goal::Socket { host, port: *port, proxied: true, path: "".into() };
            What { check, detail, goal, whole: true }
        }
    })
}
