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
}

/// A declared health check. Seconds.
#[derive(Clone, Debug)]
pub(in crate::engine::demo) struct Check {
    pub(in crate::engine::demo) test: String,
    pub(in crate::engine::demo) interval: u32,
    pub(in crate::engine::demo) timeout: u32,
    pub(in crate::engine::demo) retries: u32,
    pub(in crate::engine::demo) start_period: u32,
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

    /// Whether the engine starts it again after it ended with this code by itself.
    pub(in crate::engine::demo) fn restarts_after(&self, code: i64) -> bool {
        match self.restart {
            "always" | "unless-stopped" => true,
            "no" => false,
            _ => code != 0,
        }
    }

    /// Whether its check can change its mind by itself, so that it must be run again and again.
    pub(in crate::engine::demo) fn check_varies(&self) -> bool {
        !self.needs.is_empty() || matches!(self.fate, Fate::Sick { .. } | Fate::Flaky { .. })
    }
}
