//! `qd probe`: which of our own checks there are and what they come to; and looking for some.

use std::fmt::Write as _;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{DiscoverArgs, ProbeArgs, ProbeCommand, ProbeListArgs, TableOrJson};
use super::check::{Look, ProbeJson, Seen, probe_json};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::table::{Cell, Column, Table};
use super::{json, say};
use crate::config::Role;
use crate::fleet::{Purpose, ServiceId};
use crate::probe::{Discovery, Endpoint, Outcome, Rules, Tools, discover};
use crate::text::human;

/// What `qd probe list -o json` prints. Fields are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
struct ProbesJson {
    /// The version of this schema.
    schema: u32,
    /// The probes, by service.
    probes: Vec<OwnedJson>,
    /// What is wrong with labels, and rules of the config that are about no service; each a
    /// sentence.
    warnings: Vec<String>,
}

/// One probe of one service.
#[derive(Debug, Serialize, JsonSchema)]
struct OwnedJson {
    /// `project/service`, or the name of a lone container.
    service: String,
    /// The probe.
    #[serde(flatten)]
    probe: ProbeJson,
}

/// The schema of the JSON output.
pub(super) fn schema() -> Schema {
    schema_for!(ProbesJson)
}

/// Run one of its commands.
pub(super) async fn run(session: &mut Session, args: &ProbeArgs) -> Result<Exit, CliError> {
    match &args.command {
        ProbeCommand::List(args) => list(session, args).await,
        ProbeCommand::Discover(args) => find(session, args).await,
    }
}

async fn list(session: &mut Session, args: &ProbeListArgs) -> Result<Exit, CliError> {
    let (rules, tools) = (Rules::new(&session.settings.probes), Tools::new(session.engine.clone()));
    let idle = rules.clone();
    let seen = Look { rules, names: &args.services }.now(session, &tools).await?;
    let mut warnings = seen.wrong.clone();
    if args.services.is_empty() {
        let all = idle.idle(&seen.fleet.services().map(|service| &service.id).collect::<Vec<_>>());
        warnings
            .extend(all.iter().map(|glob| format!("[[probe]] service = {glob:?} is about no service here")));
    }
    match args.output {
        TableOrJson::Json => {
            let owned = seen.services.iter().flat_map(|one| {
                one.probes.iter().map(|(target, attempt)| OwnedJson {
                    service: one.service.path(),
                    probe: probe_json(&seen, target, attempt),
                })
            });
            let probes = ProbesJson { schema: 1, probes: owned.collect(), warnings };
            json::pretty(&mut session.out, &probes)?;
        }
        TableOrJson::Table => {
            let text =
                table(&seen).render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
            if text.is_empty() {
                say("no probes: qd probe discover looks for what could be probed");
            }
            session.out.text(&text)?;
            for sentence in warnings {
                say(&format!("warning: {sentence}"));
            }
        }
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

fn table(seen: &Seen) -> Table {
    let mut table = Table::new(vec![
        Column::shrinking("SERVICE"),
        Column::shrinking("REPLICA"),
        Column::shrinking("PROBE"),
        Column::left("FOR"),
        Column::shrinking("FROM"),
        Column::shrinking("WHERE"),
        Column::right("EVERY"),
        Column::right("TOOK"),
        Column::shrinking("RESULT"),
    ]);
    for one in &seen.services {
        for (target, attempt) in &one.probes {
            let (role, result) = match &attempt.outcome {
                Outcome::Passed => (Role::Ok, "passes".to_owned()),
                Outcome::Failed(why) => (Role::Bad, why.to_string()),
                Outcome::Unknown(why) => (Role::Warn, format!("can't tell: {why}")),
            };
            table.row(vec![
                one.service.path().into(),
                seen.replica_name(target).unwrap_or_default().into(),
                target.name.to_string().into(),
                target.purpose.word().into(),
                target.source.to_string().into(),
                target.goal.words().into(),
                human::duration(target.pace.interval).into(),
                attempt.took.map(human::duration).unwrap_or_default().into(),
                Cell::new(role, result),
            ]);
        }
    }
    table
}

async fn find(session: &mut Session, args: &DiscoverArgs) -> Result<Exit, CliError> {
    let (rules, tools) = (Rules::new(&session.settings.probes), Tools::new(session.engine.clone()));
    let seen = Look { rules, names: &args.services }.now(session, &tools).await?;
    let wanted = |probed: bool| !probed || !args.services.is_empty();
    let services: Vec<ServiceId> = seen
        .services
        .iter()
        .filter(|one| wanted(!one.probes.is_empty()))
        .map(|one| one.service.clone())
        .collect();
    let probed = seen.services.len() - services.len();
    if probed > 0 {
        say(&format!("{probed} services have probes already and are left alone; name one to look at it"));
    }
    say(&format!("looking at {} services, each endpoint once", services.len()));
    let found = discover(&tools, &seen.fleet, &services).await;
    session.out.text(&toml(&found))?;
    session.out.flush()?;
    Ok(Exit::Done)
}

/// What was found, as config to keep.
fn toml(found: &[Discovery]) -> String {
    let mut out = String::new();
    for one in found {
        if !out.is_empty() {
            out.push('\n');
        }
        let path = one.service.path();
        if one.found.is_empty() {
            let ports: Vec<String> = one.looked.iter().map(u16::to_string).collect();
            let where_ = if ports.is_empty() {
                "it exposes no port".into()
            } else {
                format!("on {}", ports.join(", "))
            };
            let _ = writeln!(out, "# {path}: nothing found that tells whether it works ({where_})");
            continue;
        }
        let blocks: Vec<String> = one.found.iter().map(|endpoint| block(&path, endpoint)).collect();
        out.push_str(&blocks.join("\n"));
    }
    out
}

fn block(path: &str, endpoint: &Endpoint) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut out = format!("[[probe]]\nservice = {}\n", quoted(path));
    match endpoint.path {
        Some(at) => {
            let _ = writeln!(out, "{} = {}\nport = {}", endpoint.kind, quoted(at), endpoint.port);
        }
        None => {
            let _ = writeln!(out, "{} = {}", endpoint.kind, endpoint.port);
        }
    }
    if endpoint.purpose == Purpose::Readiness {
        out.push_str("purpose = \"readiness\"\n");
    }
    if endpoint.names_itself {
        out.push_str("expect.json = { pointer = \"/service\", equals = \"{service}\" }\n");
    }
    out
}
