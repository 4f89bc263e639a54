//! `qd inspect`: everything about one replica, or each replica of a service, secrets masked unless
//! they are to be revealed.

mod reveal;

use std::fmt::Write as _;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::args::{InspectArgs, TextOrJson};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::style::Paint;
use super::{json, target};
use crate::config::Role;
use crate::engine::{Details, HealthSpec, Secrets};
use crate::fleet::{Fleet, Replica, ReplicaId, fold};
use crate::operate::Target;
use crate::text::human::{self, Clock};

/// Inspections under way at once.
const AT_ONCE: usize = 8;
/// The width of the names on the left.
const NAMES: usize = 10;

/// Print everything about what is named.
pub(super) async fn run(session: &mut Session, args: &InspectArgs) -> Result<Exit, CliError> {
    let fleet = session.fleet().await?;
    let target = target::resolve(&fleet, &args.target, None)?;
    let ids = replicas(&fleet, &target);
    if ids.is_empty() {
        return Err(CliError::failed(
            format!("{} has no containers", args.target),
            "See qd status --all for what is here.",
        ));
    }
    let engine = session.engine.clone();
    let all: Vec<Details> =
        stream::iter(ids).map(|id| engine.inspect(&id)).buffered(AT_ONCE).try_collect().await?;
    let secrets = if args.reveal { reveal::reveal(session, &fleet, &all, args).await? } else { Vec::new() };
    match args.output {
        // Always a list, as `docker inspect` prints, so that scripts need not care how many.
        TextOrJson::Json => {
            let mut raw: Vec<_> = all.into_iter().map(|details| details.raw).collect();
            for (raw, secrets) in raw.iter_mut().zip(&secrets) {
                secrets.put_into(raw);
            }
            json::pretty(&mut session.out, &raw)?;
        }
        TextOrJson::Text => {
            let page =
                Page { paint: &session.out.paint, utc: session.settings.ui.utc, now: Timestamp::now() };
            let none = Secrets::default();
            let secrets = secrets.iter().chain(std::iter::repeat(&none));
            let pages: Vec<String> =
                all.iter().zip(secrets).map(|(details, secrets)| page.render(details, secrets)).collect();
            session.out.text(&pages.join("\n"))?;
        }
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

fn replicas(fleet: &Fleet, target: &Target) -> Vec<ReplicaId> {
    match target {
        Target::Replica(id) => vec![id.clone()],
        _ => fleet
            .services()
            .filter(|s| target::covers(target, &s.id, fleet))
            .flat_map(|s| s.replicas.iter().cloned())
            .collect(),
    }
}

/// One replica's page.
struct Page<'a> {
    paint: &'a Paint,
    utc: bool,
    now: Timestamp,
}

impl Page<'_> {
    fn render(&self, details: &Details, secrets: &Secrets) -> String {
        let replica = &details.replica;
        let mut text = self.paint.text(Role::Title, &replica.name);
        let _ = writeln!(text, "  {}  {}", replica.service.path(), replica.id.short());
        self.row(&mut text, "state", &self.state(replica));
        if let Some(error) = &details.error {
            self.row(&mut text, "error", error);
        }
        self.row(&mut text, "image", &format!("{} ({})", replica.image.reference, replica.image.short_id()));
        self.row(&mut text, "command", &details.command.join(" "));
        let restarts =
            replica.restarts.map_or_else(String::new, |n| format!(", restarted {} so far", times(n)));
        self.row(&mut text, "restart", &format!("{}{restarts}", details.restart_policy));
        self.row(&mut text, "user", &details.user);
        self.row(&mut text, "workdir", &details.workdir);
        self.row(&mut text, "hostname", &details.hostname);
        self.row(&mut text, "limits", &limits(replica));
        let ports = fold(&replica.ports).iter().map(|p| p.long("->")).collect::<Vec<_>>();
        self.list(&mut text, "ports", &ports);
        let networks = details.networks.iter().map(|n| {
            let aliases =
                if n.aliases.is_empty() { String::new() } else { format!(" as {}", n.aliases.join(", ")) };
            format!("{} {}{aliases}", n.name, n.address).trim_end().to_owned()
        });
        self.list(&mut text, "networks", &networks.collect::<Vec<_>>());
        let mounts = details.mounts.iter().map(|m| {
            let mode = if m.read_only { " (read-only)" } else { "" };
            format!("{} {} -> {}{mode}", m.kind, m.source, m.target)
        });
        self.list(&mut text, "mounts", &mounts.collect::<Vec<_>>());
        let path = details.log_path.as_deref().unwrap_or("");
        self.row(&mut text, "log", format!("{} {path}", details.log_driver).trim_end());
        self.health(&mut text, details);
        let pair = |(key, value): &(String, String)| format!("{key}={value}");
        let env = details.env.iter().flat_map(|(name, value)| {
            let value = secrets.get(name).unwrap_or(value);
            // A key file has several lines.
            format!("{name}={value}").lines().map(str::to_owned).collect::<Vec<_>>()
        });
        self.list(&mut text, "env", &env.collect::<Vec<_>>());
        self.list(&mut text, "labels", &details.labels.iter().map(pair).collect::<Vec<_>>());
        text
    }

    fn state(&self, replica: &Replica) -> String {
        let mut words = vec![replica.state.word().to_owned()];
        let since = if replica.is_up() { replica.started } else { replica.finished };
        if let Some(at) = since {
            words.push(format!("since {} ({})", self.clock(at), human::age_at(at, self.now)));
        }
        if let Some(exit) = replica.exit {
            words.push(format!("exit {}{}", exit.code, if exit.oom { ", out of memory" } else { "" }));
        }
        if let Some(pid) = replica.pid {
            words.push(format!("pid {pid}"));
        }
        words.join(", ")
    }

    fn health(&self, text: &mut String, details: &Details) {
        let Some(spec) = &details.health else { return };
        self.row(text, "health", &describe(spec));
        if details.failing_streak > 0 {
            self.row(text, "", &format!("failed {} in a row", times(details.failing_streak)));
        }
        for result in &details.health_log {
            let role = if result.exit == 0 { Role::Ok } else { Role::Bad };
            let took = human::duration(human::elapsed(result.start, result.end));
            let first = result.output.lines().next().unwrap_or("");
            let line = format!("{} exit {} after {took}: {first}", self.clock(result.start), result.exit);
            self.row(text, "", &self.paint.text(role, line.trim_end_matches(": ")));
            for more in result.output.lines().skip(1) {
                self.row(text, "", &format!("  {more}"));
            }
        }
    }

    fn clock(&self, at: Timestamp) -> String {
        human::clock(at, Clock::DateTime, self.utc)
    }

    /// One figure; nothing at all where there is nothing to say.
    fn row(&self, text: &mut String, name: &str, value: &str) {
        if !value.is_empty() {
            let _ = writeln!(text, "  {}{value}", self.paint.text(Role::Dim, &format!("{name:<NAMES$}")));
        }
    }

    fn list(&self, text: &mut String, name: &str, values: &[String]) {
        for (i, value) in values.iter().enumerate() {
            self.row(text, if i == 0 { name } else { "" }, value);
        }
    }
}

/// `once`, `7 times`.
fn times(n: u32) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

fn limits(replica: &Replica) -> String {
    let limits = &replica.limits;
    let cpus = limits.cpus.map(|n| format!("{n} cpu"));
    let memory = limits.memory.map(|n| format!("{} memory", human::bytes_long(n)));
    let pids = limits.pids.map(|n| format!("{n} pids"));
    cpus.into_iter().chain(memory).chain(pids).collect::<Vec<_>>().join(", ")
}

fn describe(spec: &HealthSpec) -> String {
    format!(
        "{} (every {}, timeout {}, {} retries, start period {})",
        spec.test.join(" "),
        human::duration(spec.interval),
        human::duration(spec.timeout),
        spec.retries,
        human::duration(spec.start_period)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_is_once() {
        assert_eq!([0, 1, 2].map(times), ["0 times", "once", "2 times"]);
    }
}
