//! How long a gate waits, and for what: from health check, labels and config to rule and deadline.
//!
//! Pure. What a label or the config says goes before what the health check suggests: labels
//! `quarterdeck.gate.*` > `[[gate.for]]` > `[gate]`.

use std::time::Duration;

use super::Rule;
use crate::config::{GateRule, GateSettings, glob_matches};
use crate::engine::{Blueprint, HealthSpec, Managed};
use crate::fleet::{HealthCheck, Replica, ServiceId};
use crate::text::human;

/// On top of what a health check needs by its own account: engines are late now and then.
const SPARE: Duration = Duration::from_secs(10);
/// The shortest deadline of a health check that was not asked for.
const AT_LEAST: Duration = Duration::from_secs(30);
/// On top of the time a replica without check has to stay up: it has to start, too.
const TO_START: Duration = Duration::from_secs(20);
/// How long a dependency may take that has to run to its end, where nothing is set.
const TO_COMPLETE: Duration = Duration::from_mins(10);
/// What a managed service needs for each replica beyond its gate: scheduling, getting the image.
const TO_PLACE: Duration = Duration::from_secs(30);

/// When one replica of a service counts as well.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timing {
    /// What it has to be.
    pub rule: Rule,
    /// Within which time.
    pub deadline: Duration,
    /// For how long it must have been so at the end.
    pub settle: Duration,
    /// The time between two checks, and until the first; `None` without a health check.
    pub interval: Option<Duration>,
    /// A deadline was asked for by label or config.
    asked: Option<Duration>,
    /// Labels that make no sense, a sentence each.
    pub warnings: Vec<String>,
}

impl Timing {
    /// For a replica. `image_health`: the HEALTHCHECK of the image it will be made from, where
    /// that is known and decides.
    pub fn of_replica(
        replica: &Replica,
        blueprint: Option<&Blueprint>,
        image_health: Option<&Option<HealthSpec>>,
        settings: &GateSettings,
    ) -> Self {
        let own = blueprint.and_then(|b| b.health.as_ref());
        // Not surveyed, but known to have one: Docker's own defaults.
        let unknown = HealthSpec {
            test: Vec::new(),
            interval: Duration::ZERO,
            timeout: Duration::ZERO,
            retries: 0,
            start_period: Duration::ZERO,
        };
        let health = match (image_health, blueprint) {
            (Some(health), _) => health.as_ref(),
            (None, Some(_)) => own,
            (None, None) => Some(&unknown).filter(|_| replica.check != HealthCheck::None),
        };
        let labels = blueprint.map_or(&[][..], |b| &b.gate);
        Self::new(&replica.service, health, labels, settings)
    }

    /// For a service that its engine looks after.
    pub fn of_managed(managed: &Managed, settings: &GateSettings) -> Self {
        Self::new(&managed.service, managed.health.as_ref(), &managed.gate, settings)
    }

    fn new(
        service: &ServiceId,
        health: Option<&HealthSpec>,
        labels: &[(String, String)],
        settings: &GateSettings,
    ) -> Self {
        let mut warnings = Vec::new();
        let rule = settings.rules.iter().find(|rule| is_for(rule, service));
        let mut label = |name: &str| label(name, labels, service, &mut warnings);
        let deadline = label("deadline").or(rule.and_then(|r| r.deadline)).or(settings.deadline);
        let stay = label("stay").or(rule.and_then(|r| r.stay)).unwrap_or(settings.stay);
        let settle = label("settle").or(rule.and_then(|r| r.settle)).unwrap_or(settings.settle);
        for (name, _) in labels.iter().filter(|(n, _)| !matches!(&**n, "deadline" | "stay" | "settle")) {
            warnings.push(format!(
                "{}: there is no label quarterdeck.gate.{name}; deadline, stay and settle are",
                service.path()
            ));
        }
        let health = health.filter(|spec| spec.test.first().is_none_or(|word| word != "NONE"));
        let Some(spec) = health else {
            let asked = deadline;
            let mut deadline = asked.unwrap_or(stay + TO_START);
            if deadline <= stay {
                deadline = stay + TO_START;
                warnings.push(format!(
                    "{}: the gate's deadline ({}) is too short for something to stay up {}: {} it is",
                    service.path(),
                    human::duration(asked.unwrap_or_default()),
                    human::duration(stay),
                    human::duration(deadline),
                ));
            }
            return Self { rule: Rule::Stays(stay), deadline, settle, interval: None, asked, warnings };
        };
        // Zero stands for Docker's default.
        let or = |span: Duration, default: u64| {
            if span.is_zero() { Duration::from_secs(default) } else { span }
        };
        let (interval, timeout) = (or(spec.interval, 30), or(spec.timeout, 30));
        let retries = if spec.retries == 0 { 3 } else { spec.retries.min(1_000) };
        let needs = spec.start_period + (interval + timeout) * retries + interval + SPARE;
        Self {
            rule: Rule::Healthy,
            deadline: deadline.unwrap_or(needs.max(AT_LEAST)),
            settle,
            interval: Some(interval),
            asked: deadline,
            warnings,
        }
    }

    /// How long a dependency may take to run to its end.
    pub fn completion(&self) -> Duration {
        self.asked.unwrap_or(TO_COMPLETE)
    }

    /// How long the engine may take to bring so many replicas about, one after the other.
    pub fn convergence(&self, replicas: u32) -> Duration {
        self.asked.unwrap_or((self.deadline + TO_PLACE) * replicas.clamp(1, 1_000))
    }

    /// How long the last look at the end may take.
    pub fn settling(&self) -> Duration {
        self.settle + SPARE
    }
}

/// Whether a rule of the config is about this service.
fn is_for(rule: &GateRule, service: &ServiceId) -> bool {
    glob_matches(&rule.service, &service.path())
        || service.project.as_deref().is_some_and(|project| glob_matches(&rule.service, project))
}

/// The time a label says; one that says none is complained about.
fn label(
    name: &str,
    labels: &[(String, String)],
    service: &ServiceId,
    warnings: &mut Vec<String>,
) -> Option<Duration> {
    let (_, text) = labels.iter().find(|(n, _)| n == name)?;
    let said = human::parse_duration(text).ok();
    if said.is_none() {
        let shown: String = text.chars().take(40).collect();
        warnings.push(format!(
            "{}: label quarterdeck.gate.{name} says \"{shown}\", which is no time such as 90s or 2m: ignored",
            service.path()
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::EngineId;

    fn service() -> ServiceId {
        ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: "api".into() }
    }

    fn spec(start: u64, interval: u64, timeout: u64, retries: u32) -> HealthSpec {
        HealthSpec {
            test: vec!["CMD".into(), "true".into()],
            interval: Duration::from_secs(interval),
            timeout: Duration::from_secs(timeout),
            retries,
            start_period: Duration::from_secs(start),
        }
    }

    fn timing(health: Option<&HealthSpec>, labels: &[(&str, &str)], settings: &GateSettings) -> Timing {
        let labels: Vec<_> = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Timing::new(&service(), health, &labels, settings)
    }

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_health_check_says_itself_how_long_it_may_take() {
        let plain = GateSettings::default();
        for (health, deadline) in [
            (spec(0, 1, 1, 3), 30),
            (spec(60, 10, 5, 3), 60 + 45 + 10 + 10),
            (spec(0, 0, 0, 0), 180 + 30 + 10),
            (spec(5, 30, 3, 2), 5 + 66 + 30 + 10),
        ] {
            let timing = timing(Some(&health), &[], &plain);
            assert_eq!((timing.rule, timing.deadline), (Rule::Healthy, secs(deadline)), "{health:?}");
        }
        let none = HealthSpec { test: vec!["NONE".into()], ..spec(0, 1, 1, 1) };
        for health in [None, Some(&none)] {
            let timing = timing(health, &[], &plain);
            assert_eq!((timing.rule, timing.deadline), (Rule::Stays(secs(5)), secs(25)));
        }
    }

    #[test]
    fn labels_go_before_rules_and_rules_before_the_rest() {
        let rule = |service: &str, stay| GateRule {
            service: service.into(),
            stay: Some(secs(stay)),
            deadline: Some(secs(77)),
            ..GateRule::default()
        };
        let settings = GateSettings {
            rules: vec![rule("shop/w*", 1), rule("sh?p", 2), rule("*", 3)],
            ..GateSettings::default()
        };
        let by_rule = timing(None, &[], &settings);
        assert_eq!(
            (by_rule.rule, by_rule.deadline, by_rule.settle),
            (Rule::Stays(secs(2)), secs(77), secs(10))
        );
        let by_label = timing(None, &[("deadline", "2m"), ("stay", "500ms"), ("settle", "0s")], &settings);
        assert_eq!(by_label.rule, Rule::Stays(Duration::from_millis(500)));
        assert_eq!((by_label.deadline, by_label.settle), (secs(120), Duration::ZERO));
        assert!(by_label.warnings.is_empty());
    }

    #[test]
    fn labels_that_make_no_sense_are_named_with_what_would() {
        let it = timing(
            Some(&spec(0, 1, 1, 1)),
            &[("deadline", "soon"), ("patience", "9s")],
            &GateSettings::default(),
        );
        assert_eq!(it.deadline, secs(30));
        assert_eq!(
            it.warnings,
            [
                "shop/api: label quarterdeck.gate.deadline says \"soon\", which is no time such as 90s or 2m: ignored",
                "shop/api: there is no label quarterdeck.gate.patience; deadline, stay and settle are",
            ]
        );
        let short = timing(None, &[("deadline", "3s")], &GateSettings::default());
        assert_eq!(short.deadline, secs(25));
        assert!(short.warnings[0].contains("too short"), "{:?}", short.warnings);
    }
}
