//! `qd schema`: what the JSON outputs promise.

use std::io;

use super::args::{SchemaArgs, SchemaOf};
use super::exit::{CliError, Exit};
use super::{
    act, check, doctor, history, host, incidents, journal, json, logs, metrics, ports, postmortem, probe,
    status, tree,
};

/// Print the JSON schema of an output.
pub(super) fn run(args: &SchemaArgs) -> Result<Exit, CliError> {
    let schema = match args.of {
        SchemaOf::Status => status::schema(),
        SchemaOf::Logs => logs::schema(),
        SchemaOf::Act => act::act_schema(),
        SchemaOf::Plan => act::plan_schema(),
        SchemaOf::Step => act::step_schema(),
        SchemaOf::Left => act::left_schema(),
        SchemaOf::History => history::schema(),
        SchemaOf::Journal => journal::schema(),
        SchemaOf::Postmortem => postmortem::schema(),
        SchemaOf::Ports => ports::schema(),
        SchemaOf::Tree => tree::schema(),
        SchemaOf::Host => host::schema(),
        SchemaOf::Incidents => incidents::schema(),
        SchemaOf::Doctor => doctor::schema(),
        SchemaOf::Check => check::schema(),
        SchemaOf::Probes => probe::schema(),
        SchemaOf::Metrics => metrics::schema(),
    };
    json::pretty(&mut io::stdout().lock(), &schema)?;
    Ok(Exit::Done)
}
