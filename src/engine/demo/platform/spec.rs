//! What a simulated service is made of: as a compose file would say it, plus its fate.

use std::sync::Arc;

use super::program::Program;
use crate::fleet::Role;

/// One service (or one-off job) of a platform.
#[derive(Clone, Debug)]
pub(in crate::engine::demo) struct Spec {
    /// The service's name; for a one-off, that of the service it runs beside.
    pub(in crate::engine::demo) name: Arc<str>,
    /// Its compose project; `None` for a lone container.
    pub(in crate::engine::demo) project: Option<Arc<str>>,
    pub(in crate::engine::demo) image: Arc<str>,
    pub(in crate::engine::demo) program: Program,
    pub(in crate::engine::demo) role: Role,
    pub(in crate::engine::demo) replicas: u32,
    /// Container port and, where published, the first replica's host port. Further replicas take
    /// the ports `100` (then `101`, …) above, as a published range would give them.
    pub(in crate::engine::demo) ports: Vec<(u16, Option<u16>)>,
    pub(in crate::engine::demo) check: Option<Check>,
    /// Cores.
    pub(in crate::engine::demo) cpus: Option<f64>,
    /// Bytes.
    pub(in crate::engine::demo) memory: Option<u64>,
    pub(in crate::engine::demo) env: Vec<(&'static str, &'static str)>,
    /// Kind, source, target, read-only.
    pub(in crate::engine::demo) mounts: Vec<(&'static str, &'static str, &'static str, bool)>,
    /// What compose's `depends_on` names: without these its health check fails.
    pub(in crate::engine::demo) needs: Vec<&'static str>,
    /// What it calls by URL: without these requests fail, not the check.
    pub(in crate::engine::demo) calls: Vec<(&'static str, u16)>,
    pub(in crate::engine::demo) fate: Fate,
    pub(in crate::engine::demo) restart: &'static str,
    /// A fixed `container_name`.
    pub(in crate::engine::demo) container_name: Option<&'static str>,
    pub(in crate::engine::demo) user: &'static str,
    /// Arguments after the program's own; may hold secrets, to be masked as anywhere.
    pub(in crate::engine::demo) args: &'static [&'static str],
    /// How much of the platform's load it gets, 0–1.
    pub(in crate::engine::demo) busy: f64,
    /// Seconds from its last start to the world's start; `None` = days, by seed.
    pub(in crate::engine::demo) age: Option<i64>,
    /// What it ran before: see [`Spec::past`].
    pub(in crate::engine::demo) past: &'static [(&'static str, i64)],
    /// The engine itself looks after its replicas.
    pub(in crate::engine::demo) managed: bool,
    /// Which build of its image's tag it was made from, 0 being the current one.
    pub(in crate::engine::demo) build: i32,
}

/// Where the host ports of further replicas begin, above the first one's.
const RANGE_FROM: u32 = 100;

/// A declared health check. Seconds.
#[derive(Clone, Debug)]
pub(in crate::engine::demo) struct Check {
    pub(in crate::engine::demo) test: String,
    pub(in crate::engine::demo) interval: u32,
    pub(in crate::engine::demo) timeout: u32,
    pub(in crate::engine::demo) retries: u32,
    pub(in crate::engine::demo) start_period: u32,
}

/// Seconds from one check to the next while a container is given its grace after a start.
const WARM_UP: u32 = 5;

impl Check {
    /// When a run is checked next after it is `elapsed` old: more often during its grace after the
    /// start, as engines do it nowadays. Milliseconds.
    pub(in crate::engine::demo) fn next_after(&self, elapsed: i64) -> i64 {
        let (warm_up, interval, grace) = self.rhythm();
        let (since, step) = if elapsed < grace { (0, warm_up) } else { (grace, interval) };
        since + ((elapsed - since).div_euclid(step) + 1).max(1) * step
    }

    /// When the first check comes to a run that is at least so old.
    pub(in crate::engine::demo) fn first_after(&self, elapsed: i64) -> i64 {
        self.next_after(elapsed - 1)
    }

    /// The last `count` checks of a run up to `elapsed`, oldest first.
    pub(in crate::engine::demo) fn last_before(&self, elapsed: i64, count: i64) -> Vec<i64> {
        let (warm_up, interval, grace) = self.rhythm();
        let early = elapsed.min(grace).div_euclid(warm_up).max(0);
        let late = (elapsed - grace).div_euclid(interval).max(0);
        let all = early + late;
        ((all - count).max(0) + 1..=all)
            .map(|nth| if nth <= early { nth * warm_up } else { grace + (nth - early) * interval })
            .collect()
    }

    /// Milliseconds: from check to check early and late, and where early ends.
    fn rhythm(&self) -> (i64, i64, i64) {
        let interval = self.interval.max(1);
        let warm_up = interval.min(WARM_UP);
        let [warm_up, interval, grace] =
            [warm_up, interval, self.start_period / warm_up * warm_up].map(|s| i64::from(s) * 1_000);
        (warm_up, interval, grace)
    }
}

/// What becomes of a service when nobody touches it. Seconds count back from the world's start.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine::demo) enum Fate {
    /// It runs.
    #[default]
    Steady,
    /// Its memory grows from start to limit in so many seconds; then the kernel kills it.
    Leak { seconds: i64 },
    /// It was deployed `since` seconds ago and dies so soon after every start.
    CrashLoop { since: i64, after_ms: i64, code: i64 },
    /// Its check fails since so many seconds; a restart cures it.
    Sick { since: i64, output: &'static str },
    /// Its check fails for `bad` of every `every` seconds.
    Flaky { every: i64, bad: i64, output: &'static str },
    /// It ended so many seconds ago. Started again, it ends again after `runs_ms`.
    Ended { ago: i64, code: i64, runs_ms: i64 },
    /// Somebody paused it so many seconds ago.
    Paused { ago: i64 },
    /// It could not start so many seconds ago, because its host port was taken.
    PortTaken { ago: i64 },
    /// Made and never started.
    NeverStarted { ago: i64 },
    /// A one-off job that comes every so many seconds and runs so long.
    Recurring { every: i64, runs_ms: i64 },
    /// A release that runs and never passes its check.
    Unwell { output: &'static str },
    /// A release that ends so soon after every start.
    Crash { after_ms: i64, code: i64, last: Last },
}

/// What the last words of a release that crashes are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::demo) enum Last {
    /// It was built wrong: it can't even start.
    Unfit,
    /// It trips over its own bug once it works.
    Bug,
}

impl Fate {
    /// Whether it dies before it gets anything done.
    pub(in crate::engine::demo) fn is_short(self) -> bool {
        matches!(self, Self::CrashLoop { .. } | Self::Crash { last: Last::Unfit, .. })
    }
}

/// A service of one replica, restarted unless stopped, with nothing else said.
pub(super) fn service(name: &'static str, image: &'static str, program: Program) -> Spec {
    Spec {
        name: name.into(),
        project: None,
        image: image.into(),
        program,
        role: Role::Replica,
        replicas: 1,
        ports: Vec::new(),
        check: None,
        cpus: None,
        memory: None,
        env: Vec::new(),
        mounts: Vec::new(),
        needs: Vec::new(),
        calls: Vec::new(),
        fate: Fate::Steady,
        restart: "unless-stopped",
        container_name: None,
        user: "",
        args: &[],
        busy: 0.5,
        age: None,
        past: &[],
        managed: false,
        build: 0,
    }
}

/// A one-off (`compose run`) beside a service.
pub(super) fn job(beside: &'static str, image: &'static str, args: &'static [&'static str]) -> Spec {
    Spec { role: Role::Job, restart: "no", args, ..service(beside, image, Program::Task) }
}

impl Spec {
    /// Publishes a port.
    pub(super) fn port(mut self, container: u16, host: u16) -> Self {
        self.ports.push((container, Some(host)));
        self
    }

    /// Exposes a port to its network only.
    pub(super) fn exposes(mut self, container: u16) -> Self {
        self.ports.push((container, None));
        self
    }

    pub(super) fn replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    /// A check with compose's usual times.
    pub(super) fn check(self, test: impl Into<String>) -> Self {
        self.check_every(test, 10, 5, 3, 10)
    }

    pub(super) fn check_every(
        self,
        test: impl Into<String>,
        interval: u32,
        timeout: u32,
        retries: u32,
        start_period: u32,
    ) -> Self {
        Self { check: Some(Check { test: test.into(), interval, timeout, retries, start_period }), ..self }
    }

    /// `GET path` on its first port by curl.
    pub(super) fn http_check(self, path: &str) -> Self {
        let port = self.ports.first().map_or(80, |(container, _)| *container);
        self.check(format!("curl -fsS http://localhost:{port}{path} || exit 1"))
    }

    /// Declares no check.
    pub(super) fn unchecked(self) -> Self {
        Self { check: None, ..self }
    }

    /// Cores and MiB.
    pub(super) fn limits(self, cpus: f64, mebibytes: u64) -> Self {
        Self { cpus: Some(cpus), memory: Some(mebibytes * 1024 * 1024), ..self }
    }

    pub(super) fn env(mut self, env: &[(&'static str, &'static str)]) -> Self {
        self.env.extend_from_slice(env);
        self
    }

    pub(super) fn volume(mut self, source: &'static str, target: &'static str) -> Self {
        self.mounts.push(("volume", source, target, false));
        self
    }

    pub(super) fn read_only(mut self, source: &'static str, target: &'static str) -> Self {
        self.mounts.push(("bind", source, target, true));
        self
    }

    pub(super) fn needs(mut self, needs: &[&'static str]) -> Self {
        self.needs.extend_from_slice(needs);
        self
    }

    pub(super) fn calls(mut self, calls: &[(&'static str, u16)]) -> Self {
        self.calls.extend_from_slice(calls);
        self
    }

    pub(super) fn fate(self, fate: Fate) -> Self {
        Self { fate, ..self }
    }

    pub(super) fn restart(self, restart: &'static str) -> Self {
        Self { restart, ..self }
    }

    pub(super) fn container_name(self, name: &'static str) -> Self {
        Self { container_name: Some(name), ..self }
    }

    pub(super) fn user(self, user: &'static str) -> Self {
        Self { user, ..self }
    }

    pub(super) fn args(self, args: &'static [&'static str]) -> Self {
        Self { args, ..self }
    }

    pub(super) fn busy(self, busy: f64) -> Self {
        Self { busy, ..self }
    }

    pub(super) fn age(self, seconds: i64) -> Self {
        Self { age: Some(seconds), ..self }
    }

    /// What it ran before, newest first: tag, and how many seconds ago it came. Without, its
    /// revisions are made up from its version.
    pub(super) fn past(self, past: &'static [(&'static str, i64)]) -> Self {
        Self { past, ..self }
    }

    /// The engine itself looks after its replicas: none is started again, another one is made.
    pub(super) fn managed(self) -> Self {
        Self { managed: true, restart: "no", ..self }
    }

    /// Made from an older build of its image's tag: so many before the one that is current.
    pub(super) fn build(self, build: i32) -> Self {
        Self { build, ..self }
    }

    /// Its host ports are a range, as those of everything that is scaled must be: the engine picks.
    pub(in crate::engine::demo) fn is_ranged(&self) -> bool {
        self.replicas > 1
    }

    /// Its host port of that replica, when nobody else has it.
    pub(in crate::engine::demo) fn host_port(host: u16, number: u32) -> u16 {
        let further = if number > 1 { RANGE_FROM - 2 + number } else { 0 };
        u16::try_from(u32::from(host) + further).unwrap_or(host)
    }
}
