//! `qd ports`: who has which port of the host, and who wants it in vain.

use std::io;
use std::net::IpAddr;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{PortsArgs, TableOrJson};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::table::{Cell, Column, Table};
use super::{json, say, target};
use crate::config::Role;
use crate::fleet::{Claim, Claimant, Fleet, HostPort, Listener, ServiceId};
use crate::host;
use crate::operate::Target;

/// What `-o json` prints. Fields are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
struct PortsJson {
    /// The version of this schema.
    schema: u32,
    /// Whether listeners that are no containers are in it: the engine runs on this machine, and its
    /// sockets could be read.
    listeners: bool,
    /// Ports of the host, by number.
    ports: Vec<PortJson>,
}

/// One port of the host.
#[derive(Debug, Serialize, JsonSchema)]
struct PortJson {
    /// Its number.
    port: u16,
    /// `tcp`, `udp`, `sctp`.
    protocol: &'static str,
    /// Somebody can't have what he wants.
    clash: bool,
    /// The same in words.
    sentence: String,
    /// Who holds it, then who wants it.
    claims: Vec<ClaimJson>,
}

/// One claim on it.
#[derive(Debug, Serialize, JsonSchema)]
struct ClaimJson {
    /// The address it is bound to, or will be.
    address: String,
    /// Whether it is bound now.
    holds: bool,
    /// `project/service`; absent where it is no container.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// The replica's name; absent where the engine holds it for a whole service.
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<String>,
    /// What that is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// The port inside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    container_port: Option<u16>,
    /// The process that is no container; absent where it can't be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<String>,
}

/// The schema of the JSON output.
pub(super) fn schema() -> Schema {
    schema_for!(PortsJson)
}

/// What is asked about.
enum About {
    All,
    Port(u16),
    Services(Vec<ServiceId>),
}

impl About {
    fn read(fleet: &Fleet, written: Option<&str>) -> Result<Self, CliError> {
        let Some(written) = written else { return Ok(Self::All) };
        if written.bytes().all(|b| b.is_ascii_digit()) {
            return match written.parse() {
                Ok(port) if port != 0 => Ok(Self::Port(port)),
                _ => Err(CliError::usage(format!("{written} is no port"), "Ports go from 1 to 65535.")),
            };
        }
        let target = target::resolve(fleet, written, None)?;
        let mut services: Vec<ServiceId> = match &target {
            Target::Replica(id) => fleet.replica(id).map(|r| r.service.clone()).into_iter().collect(),
            _ => Vec::new(),
        };
        let meant = fleet.services().filter(|s| target::covers(&target, &s.id, fleet));
        services.extend(meant.map(|s| s.id.clone()));
        Ok(Self::Services(services))
    }

    fn is(&self, port: &HostPort) -> bool {
        match self {
            Self::All => true,
            Self::Port(number) => port.number == *number,
            Self::Services(services) => {
                let theirs = |c: &Claim| c.by.service().is_some_and(|id| services.contains(id));
                port.claims.iter().any(theirs)
            }
        }
    }
}

/// Print who has what.
pub(super) async fn run(session: &mut Session, args: &PortsArgs) -> Result<Exit, CliError> {
    let fleet = session.fleet().await?;
    let about = About::read(&fleet, args.about.as_deref())?;
    let listeners = listeners(&fleet).await;
    let mut ports = fleet.host_ports(listeners.as_deref().unwrap_or_default());
    ports.retain(|port| about.is(port));
    if args.output == TableOrJson::Json {
        let ports = ports.iter().map(port_json).collect();
        json::pretty(&mut session.out, &PortsJson { schema: 1, listeners: listeners.is_ok(), ports })?;
        session.out.flush()?;
        return Ok(Exit::Done);
    }
    let clashes = ports.iter().filter(|port| port.clash);
    for port in clashes {
        let text = format!("{} {}", session.out.glyphs.bad, port.sentence());
        let text = session.out.paint.text(Role::Bad, &text);
        session.out.line(&text)?;
    }
    if let (About::Port(number), [] | [_]) = (&about, ports.as_slice()) {
        match ports.first() {
            None => session.out.line(&format!("{number} is free: nobody here holds it or wants it"))?,
            Some(port) if !port.clash => session.out.line(&port.sentence())?,
            Some(_) => {}
        }
    }
    if !ports.is_empty() {
        let table = table(&ports);
        let text = table.render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
        session.out.text(&text)?;
    }
    session.out.flush()?;
    if let Err(why) = listeners {
        say(&format!("containers only: {why}"));
    } else if unseen(&ports) {
        say("some listeners belong to other users: their processes are seen by root only");
    }
    Ok(Exit::Done)
}

/// What listens on the engine's machine, or why that can't be told.
pub(super) async fn listeners(fleet: &Fleet) -> Result<Vec<Listener>, String> {
    match fleet.engine() {
        Some(engine) if engine.local => {}
        Some(engine) if engine.kind == "demo" => return Err("a demo's machine runs nothing else".to_owned()),
        _ => {
            return Err(
                "the engine's machine is another one, and its processes can't be seen from here".to_owned()
            );
        }
    }
    let read = tokio::task::spawn_blocking(host::listening).await;
    read.unwrap_or_else(|why| Err(io::Error::other(why)))
        .map_err(|why| format!("this machine's sockets can't be read: {why}"))
}

fn unseen(ports: &[HostPort]) -> bool {
    let mut claims = ports.iter().flat_map(|port| &port.claims);
    claims.any(|claim| matches!(claim.by, Claimant::Process { known: None }))
}

fn table(ports: &[HostPort]) -> Table {
    let mut table = Table::new(vec![
        Column::right("PORT"),
        Column::left("ON"),
        Column::shrinking("WHO"),
        Column::left("INSIDE"),
        Column::left("STATE"),
        Column::left("CLAIM"),
    ]);
    for port in ports {
        // Both families of one claimant are one row.
        let mut rows: Vec<(&Claim, Vec<String>)> = Vec::new();
        for claim in &port.claims {
            let on = on(claim.address);
            match rows.iter_mut().find(|(known, _)| known.by == claim.by && known.holds == claim.holds) {
                Some((_, all)) if all.contains(&on) => {}
                Some((_, all)) => all.push(on),
                None => rows.push((claim, vec![on])),
            }
        }
        for (claim, on) in rows {
            table.row(row(port, claim, &on.join(" ")));
        }
    }
    table
}

fn row(port: &HostPort, claim: &Claim, on: &str) -> Vec<Cell> {
    let (who, inside, state) = match &claim.by {
        Claimant::Replica { service, name, container, state, .. } => {
            let who =
                if **name == *service.name { service.path() } else { format!("{}  {name}", service.path()) };
            (who, container.to_string(), state.word())
        }
        by => (by.words(), String::new(), ""),
    };
    let (role, claims) = match (claim.holds, port.clash) {
        (true, _) => (Role::Text, "holds it"),
        (false, true) => (Role::Bad, "can't have it"),
        (false, false) => (Role::Dim, "once it runs"),
    };
    vec![
        Cell::new(role, format!("{}/{}", port.number, port.protocol.word())),
        Cell::new(role, on),
        Cell::new(role, who),
        Cell::new(role, inside),
        Cell::new(role, state),
        Cell::new(role, claims),
    ]
}

/// `*`, `127.0.0.1`, `[fd00::1]`.
fn on(address: IpAddr) -> String {
    match address {
        address if address.is_unspecified() => "*".to_owned(),
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

fn port_json(port: &HostPort) -> PortJson {
    let claim = |claim: &Claim| {
        let mut json = ClaimJson {
            address: claim.address.to_string(),
            holds: claim.holds,
            service: claim.by.service().map(ServiceId::path),
            replica: None,
            state: None,
            container_port: None,
            pid: None,
            process: None,
        };
        match &claim.by {
            Claimant::Replica { name, state, container, .. } => {
                json.replica = Some(name.to_string());
                json.state = Some(state.word());
                json.container_port = Some(*container);
            }
            Claimant::Process { known: Some((pid, name)) } => {
                json.pid = Some(*pid);
                json.process = Some(name.to_string());
            }
            Claimant::Process { known: None } | Claimant::Service(_) => {}
        }
        json
    };
    PortJson {
        port: port.number,
        protocol: port.protocol.word(),
        clash: port.clash,
        sentence: port.sentence(),
        claims: port.claims.iter().map(claim).collect(),
    }
}
