//! More services than any guide has, to see how quarterdeck fares with thousands.

use std::sync::Arc;

use super::program::Program;
use super::spec::{Fate, Spec, service};
use crate::engine::demo::random::{Rng, named};

/// Services a generated project has.
const PER_PROJECT: usize = 40;

const TEAMS: [&str; 16] = [
    "atlas", "beacon", "cobalt", "delta", "ember", "fjord", "gantry", "harbor", "iris", "juniper", "kestrel",
    "lumen", "mosaic", "nimbus", "orchid", "pylon",
];
const SUBJECTS: [&str; 20] = [
    "account", "audit", "billing", "cart", "catalog", "coupon", "customer", "delivery", "fraud", "invoice",
    "ledger", "loyalty", "media", "order", "pricing", "refund", "search", "session", "stock", "tax",
];
const ROLES: [(&str, Program, u16); 8] = [
    ("api", Program::Pino, 3000),
    ("worker", Program::Node, 0),
    ("web", Program::Next, 3000),
    ("sync", Program::Go, 8080),
    ("engine", Program::Spring, 8080),
    ("batch", Program::Python, 8000),
    ("cache", Program::Redis, 6379),
    ("db", Program::Postgres, 5432),
];

/// Cut a platform to `count` services, or fill it up with generated ones in projects of their own.
pub(super) fn fit(specs: &mut Vec<Spec>, count: usize, seed: u64) {
    let mut kept: Vec<(Option<Arc<str>>, Arc<str>)> = Vec::new();
    specs.retain(|spec| {
        let id = (spec.project.clone(), spec.name.clone());
        if kept.contains(&id) {
            return true;
        }
        let fits = kept.len() < count;
        if fits {
            kept.push(id);
        }
        fits
    });
    let missing = count.saturating_sub(kept.len());
    specs.extend((0..missing).map(|index| generated(index, seed)));
}

fn generated(index: usize, seed: u64) -> Spec {
    let (nth, within) = (index / PER_PROJECT, index % PER_PROJECT);
    let team = TEAMS.get(nth % TEAMS.len()).copied().unwrap_or("team");
    let project: Arc<str> = format!("{team}-{:02}", nth / TEAMS.len() + 1).into();
    let subject = SUBJECTS.get(within % SUBJECTS.len()).copied().unwrap_or("thing");
    // Twenty subjects are used twice in a project, each time in another role.
    let role = (within + within / SUBJECTS.len() * 3 + nth) % ROLES.len();
    let (role, program, port) = ROLES.get(role).copied().unwrap_or(("api", Program::Pino, 3000));
    let name: Arc<str> = format!("{subject}-{role}").into();
    let mut rng = Rng::new(named(seed, &format!("{project}/{name}")));

    let version = format!("{}.{}.{}", rng.between(1, 5), rng.below(20), rng.below(9));
    let mut spec = service("generated", "generated", program).busy(rng.below(100) as f64 / 100.0);
    spec.image = format!("{team}/{name}:{version}").into();
    spec.name = name;
    spec.project = Some(project);
    if port != 0 {
        spec = spec.exposes(port).check("curl -fsS http://localhost/health || exit 1");
    }
    if rng.chance(0.7) {
        spec = spec.limits(1.0, rng.between(4, 17) * 256);
    }
    if rng.chance(0.04) {
        spec = spec.replicas(2);
    }
    let fate = match rng.below(1_000) {
        0..4 => Fate::CrashLoop { since: 290, after_ms: 3_000, code: 1 },
        4..12 if port != 0 => Fate::Flaky { every: 600, bad: 60, output: "upstream request timeout" },
        12..20 => Fate::Ended { ago: 40_000, code: 0, runs_ms: 60_000 },
        20..24 => Fate::Ended { ago: 9_000, code: 137, runs_ms: 60_000_000 },
        24..27 => Fate::Paused { ago: 700 },
        27..29 => Fate::NeverStarted { ago: 3_000 },
        _ => Fate::Steady,
    };
    spec.fate(fate)
}
