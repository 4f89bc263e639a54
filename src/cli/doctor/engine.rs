//! The checks that need the engine: reach it, ask what it is, read usage.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::Check;
use crate::cli::exit::{CliError, Exit};
use crate::cli::session::Session;
use crate::cli::setup::Setup;
use crate::engine::EngineError;
use crate::fleet::{Fleet, Replica};
use crate::host;

/// The oldest API everything is tested with (Docker 20.10).
const TESTED_API: (u32, u32) = (1, 41);
/// A doctor is asked when things hang: it must not.
const PATIENCE: Duration = Duration::from_secs(15);

/// Reach the engine and look at what it says. The exit code is that of a command that fails to.
pub(super) async fn checks(setup: &Setup, checks: &mut Vec<Check>) -> Exit {
    let engine = match setup.engine() {
        Ok(engine) => engine,
        Err(error) => {
            checks.push(Check::fail("engine", error.to_string(), error.remedy()));
            return error.exit();
        }
    };
    checks.push(Check::ok("endpoint", format!("{}, {}", engine.endpoint(), setup.endpoint_source())));
    let began = Instant::now();
    let session = Session::unrecorded(setup.settings.clone(), engine, setup.plain_out());
    let asked = timeout(PATIENCE, session.fleet_with_usage()).await;
    let fleet = match asked.unwrap_or_else(|_| Err(late(&session))) {
        Ok(fleet) => fleet,
        Err(error) => {
            checks.push(Check::fail("engine", error.to_string(), error.remedy()));
            return error.exit();
        }
    };
    checks.push(answered(&fleet, began.elapsed()));
    checks.extend(api(&fleet));
    let local = fleet.engine().is_some_and(|e| e.local && e.kind != "demo");
    if local {
        host(checks);
    }
    checks.push(usage(&fleet));
    Exit::Done
}

fn late(session: &Session) -> CliError {
    EngineError::Timeout {
        endpoint: session.engine.endpoint(),
        seconds: PATIENCE.as_secs(),
        during: "listing containers".into(),
    }
    .into()
}

fn answered(fleet: &Fleet, took: Duration) -> Check {
    let services = fleet.services().count();
    let replicas: usize = fleet.services().map(|s| s.replicas.len()).sum();
    let (kind, place) = fleet.engine().map_or(("engine".into(), ""), |e| {
        (
            format!("{} {} on {}", e.kind, e.version, e.host),
            if e.local { ", this machine" } else { ", another machine" },
        )
    });
    let seen =
        format!("{kind}{place}: {services} services, {replicas} containers in {} ms", took.as_millis());
    Check::ok("engine", seen)
}

fn api(fleet: &Fleet) -> Option<Check> {
    let api = fleet.engine().map(|e| e.api.clone()).filter(|api| !api.is_empty())?;
    let (major, minor) = api.split_once('.')?;
    let version = (major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?);
    let (major, minor) = TESTED_API;
    Some(if version < TESTED_API {
        Check::warn(
            "api",
            format!("{api}: older than what quarterdeck is tested with ({major}.{minor})"),
            "Update the engine to 20.10 or newer.",
        )
    } else {
        Check::ok("api", api)
    })
}

/// Reading this machine directly.
fn host(checks: &mut Vec<Check>) {
    const NAME: &str = "cgroups";
    let facts = host::facts(Path::new("/"));
    let driver = facts.driver.map_or_else(String::new, |d| format!(", driver {}", d.word()));
    let seen = format!(
        "{}{driver}, controllers {}, kernel {}",
        facts.cgroup.word(),
        if facts.controllers.is_empty() { "none".into() } else { facts.controllers.join(" ") },
        facts.kernel
    );
    checks.push(Check::ok(NAME, seen));
    checks.extend(facts.problems.iter().map(|p| Check::warn(NAME, p.to_string(), p.remedy())));
}

fn usage(fleet: &Fleet) -> Check {
    const NAME: &str = "usage";
    let now = jiff::Timestamp::now();
    let up: Vec<&Replica> =
        fleet.services().flat_map(|s| fleet.replicas_of(&s.id)).filter(|r| r.is_up()).collect();
    if up.is_empty() {
        return Check::ok(NAME, "nothing runs, so there is nothing to read");
    }
    let usages: Vec<_> =
        up.iter().filter_map(|r| fleet.replica_summary(&r.id, now)).map(|s| s.usage).collect();
    let all = up.len();
    let missing: Vec<String> = [
        ("cpu", usages.iter().filter(|u| u.cpu.is_some()).count()),
        ("memory", usages.iter().filter(|u| u.memory.is_some()).count()),
        ("network", usages.iter().filter(|u| u.net_rx.is_some()).count()),
        ("block I/O", usages.iter().filter(|u| u.block_read.is_some()).count()),
        ("pids", usages.iter().filter(|u| u.pids.is_some()).count()),
    ]
    .into_iter()
    .filter(|(_, read)| *read < all)
    .map(|(name, read)| format!("{name} {read} of {all}"))
    .collect();
    if missing.is_empty() {
        return Check::ok(
            NAME,
            format!("cpu, memory, network, block I/O and pids of all {all} running containers"),
        );
    }
    Check::warn(
        NAME,
        format!("not everything can be read: {}", missing.join(", ")),
        "Missing figures are shown as missing. On this machine qd reads cgroups and /proc (is it root, \
         or in the same namespaces as the engine?); elsewhere it asks the engine.",
    )
}
