//! `qd ports`: who has which port of the host, who wants it in vain, and whether anybody answers.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{PortsArgs, TableOrJson};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::table::{Cell, Column, Table};
use super::{json, say, target};
use crate::config::Role;
use crate::engine::Engine;
use crate::fleet::{Claimant, Fleet, HostPort, Listener, PortRow, Reach, Replica, ServiceId, Stake};
use crate::operate::Target;
use crate::probe::{Answers, Tools, reach};
use crate::text::human;

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
    /// Ports that are only exposed: containers on the same networks reach them, the host's clients
    /// do not.
    exposed: Vec<ClaimJson>,
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
    /// The first address it is bound to, or will be; empty where it is only exposed.
    address: String,
    /// All of them.
    addresses: Vec<String>,
    /// `*` all interfaces, else the addresses.
    bind: String,
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
    /// The transport.
    protocol: &'static str,
    /// The process that is no container; absent where it can't be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<String>,
    /// Whether somebody accepts connections there, now; absent where that can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<bool>,
    /// Why nobody does, or why that can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Who holds what it wants in vain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rivals: Vec<String>,
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
            Self::Services(_) => port.claims.iter().any(|claim| self.is_of(&claim.by)),
        }
    }

    fn is_of(&self, by: &Claimant) -> bool {
        match self {
            Self::Services(services) => by.service().is_some_and(|id| services.contains(id)),
            Self::All | Self::Port(_) => true,
        }
    }

    /// Whether a port that is only exposed is meant: by the number inside, too.
    fn is_exposed(&self, row: &PortRow) -> bool {
        match self {
            Self::All => true,
            Self::Port(number) => row.inside() == Some(*number),
            Self::Services(_) => self.is_of(&row.by),
        }
    }

    fn wants(&self, replica: &Replica) -> bool {
        match self {
            Self::All => true,
            Self::Port(number) => {
                let host = |it: Option<(std::net::IpAddr, u16)>| it.is_some_and(|(_, port)| port == *number);
                replica.ports.iter().any(|port| port.container == *number || host(port.host))
            }
            Self::Services(services) => services.contains(&replica.service),
        }
    }
}

/// Print who has what.
pub(super) async fn run(session: &mut Session, args: &PortsArgs) -> Result<Exit, CliError> {
    let fleet = session.fleet().await?;
    let about = About::read(&fleet, args.about.as_deref())?;
    let listeners = listeners(&session.engine).await;
    let known: &[Listener] = listeners.as_deref().unwrap_or_default();
    let mut ports = fleet.host_ports(known);
    ports.retain(|port| about.is(port));
    let mut rows = fleet.port_rows(known);
    rows.retain(|row| match row.number {
        Some(number) => ports.iter().any(|it| it.number == number && it.protocol == row.protocol),
        None => about.is_exposed(row),
    });
    let answers = if args.no_probe {
        Answers::new()
    } else {
        let tools = Tools::new(session.engine.clone());
        reach(&tools, &fleet, |replica| about.wants(replica)).await
    };
    if args.output == TableOrJson::Json {
        let made = PortsJson {
            schema: 1,
            listeners: listeners.is_ok(),
            ports: ports.iter().map(|port| port_json(port, &rows, &answers)).collect(),
            exposed: rows.iter().filter(|row| row.number.is_none()).map(|row| claim(row, &answers)).collect(),
        };
        json::pretty(&mut session.out, &made)?;
        session.out.flush()?;
        return Ok(Exit::Done);
    }
    for port in ports.iter().filter(|port| port.clash) {
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
    if !rows.is_empty() {
        let table = table(&rows, &answers, !args.no_probe);
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
pub(super) async fn listeners(engine: &Arc<dyn Engine>) -> Result<Vec<Listener>, String> {
    engine.listeners().await.map_err(|why| why.to_string())
}

fn unseen(ports: &[HostPort]) -> bool {
    let mut claims = ports.iter().flat_map(|port| &port.claims);
    claims.any(|claim| matches!(claim.by, Claimant::Process { known: None }))
}

fn table(rows: &[PortRow], answers: &Answers, probed: bool) -> Table {
    let mut columns = vec![
        Column::right("PORT"),
        Column::left("ON"),
        Column::shrinking("WHO"),
        Column::right("INSIDE"),
        Column::left("STATE"),
    ];
    columns.extend(probed.then(|| Column::shrinking("ANSWERS")));
    columns.push(Column::left("CLAIM"));
    let mut table = Table::new(columns);
    for row in rows {
        let role = match row.stake {
            Stake::Holds => Role::Text,
            Stake::InVain => Role::Bad,
            Stake::OnceUp | Stake::Exposed => Role::Dim,
        };
        let (who, state) = match &row.by {
            Claimant::Replica { service, name, state, .. } => {
                let alone = **name == *service.name;
                let who = if alone { service.path() } else { format!("{}  {name}", service.path()) };
                (who, state.word())
            }
            by => (by.words(), ""),
        };
        let port = row.number.map_or_else(|| "-".to_owned(), |_| row.port());
        let inside = row.inside().map_or_else(String::new, |it| match row.number {
            Some(_) => it.to_string(),
            None => format!("{it}/{}", row.protocol.word()),
        });
        let mut cells = vec![
            Cell::new(role, port),
            Cell::new(role, row.bind()),
            Cell::new(role, who),
            Cell::new(role, inside),
            Cell::new(role, state),
        ];
        if probed {
            let (role, words) = answer(row, answers);
            cells.push(Cell::new(role, words));
        }
        cells.push(Cell::new(role, row.stake.word()));
        table.row(cells);
    }
    table
}

/// `2ms`, `no: connection refused`, `?` where that can't be told.
fn answer(row: &PortRow, answers: &Answers) -> (Role, String) {
    let known = row.place().and_then(|(id, port)| answers.get(&(id.clone(), port)));
    match (known, &row.by) {
        (Some(Reach::Answers(took)), _) => (Role::Ok, human::latency(*took)),
        (Some(Reach::Silent(why)), _) => (Role::Bad, format!("no: {why}")),
        (Some(Reach::Unknown(_)), _) => (Role::Dim, "?".to_owned()),
        // It is in the table of those who wait for connections.
        (None, Claimant::Process { .. }) => (Role::Dim, "listens".to_owned()),
        (None, _) => (Role::Dim, String::new()),
    }
}

fn port_json(port: &HostPort, rows: &[PortRow], answers: &Answers) -> PortJson {
    let own = |row: &&PortRow| row.number == Some(port.number) && row.protocol == port.protocol;
    PortJson {
        port: port.number,
        protocol: port.protocol.word(),
        clash: port.clash,
        sentence: port.sentence(),
        claims: rows.iter().filter(own).map(|row| claim(row, answers)).collect(),
    }
}

fn claim(row: &PortRow, answers: &Answers) -> ClaimJson {
    let addresses: Vec<String> = row.on.iter().map(ToString::to_string).collect();
    let known = row.place().and_then(|(id, port)| answers.get(&(id.clone(), port)));
    let (answers, why) = match known {
        None => (None, None),
        Some(Reach::Answers(_)) => (Some(true), None),
        Some(Reach::Silent(why)) => (Some(false), Some(why.to_string())),
        Some(Reach::Unknown(why)) => (None, Some(why.to_string())),
    };
    let mut json = ClaimJson {
        address: addresses.first().cloned().unwrap_or_default(),
        addresses,
        bind: row.bind(),
        holds: row.stake == Stake::Holds,
        service: row.by.service().map(ServiceId::path),
        replica: None,
        state: None,
        container_port: row.inside(),
        protocol: row.protocol.word(),
        pid: None,
        process: None,
        answers,
        why,
        rivals: row.rivals.clone(),
    };
    match &row.by {
        Claimant::Replica { name, state, .. } => {
            json.replica = Some(name.to_string());
            json.state = Some(state.word());
        }
        Claimant::Process { known: Some((pid, name)) } => {
            json.pid = Some(*pid);
            json.process = Some(name.to_string());
        }
        Claimant::Process { known: None } | Claimant::Service(_) => {}
    }
    json
}
