//! What probes would find, and what would be measured, in the simulated services: functions of the
//! world's state and the time, like everything else in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Run, Unit, Weather, World};
use crate::engine::demo::load;
use crate::engine::demo::platform::{Fate, Program, Spec};
use crate::engine::demo::random::{hash, noise, share};
use crate::fleet::{Labels, Measured, Observation, Probed, Purpose, Role, Standing};

/// Milliseconds from one attempt of a probe to the next.
const PROBE: i64 = 10_000;
/// Milliseconds from one measurement to the next.
const SCRAPE: i64 = 15_000;
/// Attempts in a row that have to fail.
const RETRIES: i64 = 3;
/// How far back probes have been tried, for those who come now: since when something fails is news.
const PAST: i64 = 22 * 60_000;
/// Fleets of more replicas are not probed: who tries those wants to see rows.
const MOST: usize = 200;

/// What a probe is made from.
struct Probe {
    name: &'static str,
    purpose: Purpose,
    /// Milliseconds an answer takes beside what a request does, about.
    takes: f64,
}

/// How a service is probed: by HTTP where it speaks that, else by the first words of its protocol.
fn probes(spec: &Spec) -> &'static [Probe] {
    const fn of(name: &'static str, takes: f64) -> Probe {
        Probe { name, purpose: Purpose::Liveness, takes }
    }
    const HTTP: &[Probe] = &[of("http /health", 2.0)];
    const FRONT: &[Probe] = &[of("https /", 6.0)];
    const POSTGRES: &[Probe] = &[of("postgres 5432", 3.0)];
    const REDIS: &[Probe] = &[of("redis 6379", 0.6)];
    const MONGO: &[Probe] = &[of("mongodb 27017", 2.0)];
    const KAFKA: &[Probe] = &[of("kafka 9092", 4.0)];
    const NONE: &[Probe] = &[];
    let checked = spec.check.is_some() || matches!(spec.fate, Fate::Sick { .. });
    match spec.program {
        _ if spec.role != Role::Replica || !checked => NONE,
        Program::Postgres => POSTGRES,
        Program::Redis => REDIS,
        Program::Mongo => MONGO,
        Program::Kafka => KAFKA,
        Program::Nginx => FRONT,
        Program::Task | Program::Mailhog | Program::Prometheus | Program::Grafana | Program::OpenSearch => {
            NONE
        }
        _ => HTTP,
    }
}

/// The labels of a service that ask for these probes: who asks now gets the same answers.
pub(super) fn labels(spec: &Spec) -> Labels {
    let mut labels = BTreeMap::new();
    let mut label = |key: String, value: String| labels.insert(key.into(), value.into());
    for probe in probes(spec) {
        let (kind, detail) = probe.name.split_once(' ').unwrap_or((probe.name, ""));
        label(format!("probe.{kind}"), detail.to_owned());
        if let (true, Some((port, _))) = (kind.starts_with("http"), spec.ports.first()) {
            label("probe.port".into(), port.to_string());
            label("probe.status".into(), "200".into());
        }
    }
    Arc::new(labels)
}

/// Whether a service has something at a path: its front page, and what is asked for there.
pub(super) fn has_path(spec: &Spec, path: &str) -> bool {
    let asked =
        |test: &str| test.split_whitespace().any(|word| word.starts_with("http") && word.ends_with(path));
    path == "/"
        || spec.check.as_ref().is_some_and(|check| asked(&check.test))
        || probes(spec).iter().any(|probe| probe.name.split(' ').nth(1) == Some(path))
}

impl World {
    /// What is probed and measured at `at`, if anything is due then.
    pub(super) fn looked_into(&self, at: i64) -> Vec<Observation> {
        if self.by_id.len() > MOST {
            return Vec::new();
        }
        let mut out = Vec::new();
        if at.rem_euclid(PROBE) == 0 {
            out.extend(self.probed(at));
        }
        if at.rem_euclid(SCRAPE) == 0 {
            out.extend(self.measured(at));
        }
        out
    }

    /// What was found up to now, for those who come now: every `step` milliseconds' attempts, the
    /// newest all of them, and the newest measurements.
    pub(super) fn found(&self, step: i64) -> Vec<Observation> {
        if self.by_id.len() > MOST {
            return Vec::new();
        }
        let last = |every: i64| self.now.div_euclid(every) * every;
        let until = last(PROBE);
        let mut out = Vec::new();
        let mut at = until - PAST.div_euclid(PROBE) * PROBE;
        while at <= until {
            if (until - at) % step == 0 {
                out.extend(self.probed(at));
            }
            at += PROBE;
        }
        out.extend(self.measured(last(SCRAPE)));
        out
    }

    fn probed(&self, at: i64) -> Option<Observation> {
        let weather = Weather::at(self.seed, at);
        let mut all = Vec::new();
        for unit in self.living() {
            let spec = &self.specs[unit.spec];
            let Some(run) = probed_run(unit, at) else { continue };
            for probe in probes(spec) {
                all.push(self.attempt(spec, unit, run, probe, at, &weather));
            }
        }
        (!all.is_empty()).then_some(Observation::Probed(all))
    }

    fn attempt(
        &self,
        spec: &Spec,
        unit: &Unit,
        run: &Run,
        probe: &Probe,
        at: i64,
        weather: &Weather,
    ) -> Probed {
        let fails = |at: i64| self.why_not(spec, unit, run, at);
        let why = fails(at);
        let refused = why == Some("connection refused");
        let standing = if why.is_none() {
            Standing::Passing
        } else {
            // The attempts before it in the same run, as often as have to fail.
            let mut before = (1..RETRIES).map(|n| at - n * PROBE).filter(|&at| run.exists_at(at));
            if before.any(|at| fails(at).is_none()) {
                Standing::Passing
            } else if run.exists_at(at - (RETRIES - 1) * PROBE) {
                Standing::Failing
            } else {
                Standing::Starting
            }
        };
        let share = if probe.name.starts_with("http") { 0.35 } else { 0.02 };
        let millis = probe.takes + share * self.median(spec, unit, at, weather) * jitter(unit.seed, at);
        Probed {
            at: self.stamp(at),
            service: unit.replica.service.clone(),
            replica: Some(unit.replica.id.clone()),
            probe: probe.name.into(),
            purpose: probe.purpose,
            standing,
            took: (!refused).then(|| Duration::from_micros((millis * 1_000.0) as u64)),
            result: why.map_or(Ok(()), |why| Err(why.into())),
            certificate: (spec.program == Program::Nginx).then(|| self.expiry()),
            interval: Duration::from_millis(PROBE.unsigned_abs()),
        }
    }

    /// Why an attempt fails at `at`; `None` when it does not.
    fn why_not(&self, spec: &Spec, unit: &Unit, run: &Run, at: i64) -> Option<&'static str> {
        self.failure(spec, unit, run, at)?;
        let booting = at - run.from < spec.program.profile().boot_ms;
        let speaks_http = probes(spec).iter().any(|probe| probe.name.starts_with("http"));
        Some(if booting || !speaks_http { "connection refused" } else { "status 503, wanted 200" })
    }

    /// Milliseconds half of all requests take.
    fn median(&self, spec: &Spec, unit: &Unit, at: i64, weather: &Weather) -> f64 {
        let load = weather.load(spec, unit.seed, at);
        load::latency(load, self.broken_call(spec, at).is_some())
    }

    /// Figures of what serves HTTP, as its own metrics would have them.
    fn measured(&self, at: i64) -> Vec<Observation> {
        let weather = Weather::at(self.seed, at);
        let mut out = Vec::new();
        for unit in self.living() {
            let spec = &self.specs[unit.spec];
            let Some(run) = probed_run(unit, at) else { continue };
            let speaks_http = probes(spec).iter().any(|probe| probe.name.starts_with("http /"));
            if !speaks_http || at - run.from < spec.program.profile().boot_ms {
                continue;
            }
            let load = weather.load(spec, unit.seed, at);
            let median = self.median(spec, unit, at, &weather) / 1_000.0;
            let chance = noise(unit.seed ^ 0xE44, at, 31_000);
            let errors = if self.why_not(spec, unit, run, at).is_some() {
                0.7 + 0.3 * chance
            } else if self.broken_call(spec, at).is_some() {
                0.02 + 0.05 * chance
            } else {
                0.0
            };
            let values = [
                ("request_rate", 2.0 + 60.0 * load),
                ("error_rate", errors),
                ("p50_response_time", median),
                ("p95_response_time", median * 2.1),
                ("p99_response_time", median * 3.4),
            ];
            out.push(Observation::Measured(Measured {
                at: self.stamp(at),
                service: unit.replica.service.clone(),
                replica: Some(unit.replica.id.clone()),
                values: values.map(|(name, value)| (name.into(), value)).to_vec(),
            }));
        }
        out
    }

    /// When the certificate of the front expires.
    fn expiry(&self) -> Timestamp {
        self.start.checked_add(SignedDuration::from_hours(19 * 24)).unwrap_or(Timestamp::MAX)
    }
}

/// The run a replica can be probed in at `at`: it runs, and is not frozen.
fn probed_run(unit: &Unit, at: i64) -> Option<&Run> {
    let is_replica = unit.replica.role == Role::Replica;
    unit.run_at(at).filter(|run| is_replica && !run.is_paused_at(at))
}

/// Most answers take about as long, some longer.
fn jitter(seed: u64, at: i64) -> f64 {
    let chance = share(hash(seed ^ 0x9A0B, at));
    0.8 + 0.5 * chance + if chance > 0.94 { 1.4 } else { 0.0 }
}
