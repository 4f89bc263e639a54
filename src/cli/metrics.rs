//! `qd metrics`: what services say of themselves, now.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{MetricsArgs, TableOrJson};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::table::{Cell, Column, Table};
use super::{json, say, target};
use crate::config::Role;
use crate::fleet::{Fleet, Observation, Reading, Scraped, ServiceId};
use crate::metrics::{self, Rules};
use crate::operate::Target as Named;
use crate::probe::{Roster, Tools};

/// Between the two scrapes that make a rate, unless asked otherwise.
pub(super) const GAP: Duration = Duration::from_secs(5);

/// What `-o json` prints. Fields are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
struct MetricsJson {
    /// The version of this schema.
    schema: u32,
    /// The services that say anything of themselves, or were asked in vain.
    services: Vec<ServiceJson>,
    /// What is wrong with labels, and rules of the config that are about no service; each a
    /// sentence.
    warnings: Vec<String>,
}

/// One service.
#[derive(Debug, Serialize, JsonSchema)]
struct ServiceJson {
    /// `project/service`, or the name of a lone container.
    service: String,
    /// Its figures, by name; those of its replicas put together.
    values: Vec<ValueJson>,
    /// What was asked.
    sources: Vec<SourceJson>,
}

/// One figure.
#[derive(Debug, Serialize, JsonSchema)]
struct ValueJson {
    /// Its name, as alert rules spell it.
    name: String,
    /// Its value.
    value: f64,
    /// Its unit: `share` of 1, `s`, `/s`, `B`, or what the config calls it; empty where it is just a
    /// number.
    unit: String,
}

/// One thing that was asked.
#[derive(Debug, Serialize, JsonSchema)]
struct SourceJson {
    /// `http /metrics`, `exec queue_depth`.
    source: String,
    /// The replica's id; absent where the service is asked as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<String>,
    /// What was asked, in full.
    asked: String,
    /// How long it took, seconds; absent where nothing was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    took: Option<f64>,
    /// Why there is no answer; absent where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What was wrong with the answer; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
}

/// The schema of the JSON output.
pub(super) fn schema() -> Schema {
    schema_for!(MetricsJson)
}

/// What is wrong with how metrics are asked for: labels, and rules about nobody.
pub(super) struct Asked {
    /// How often something was asked in vain.
    failed: usize,
    warnings: Vec<String>,
}

impl Asked {
    /// What is wrong with it, and what was asked in vain; each a sentence.
    pub(super) fn sentences(self, fleet: &Fleet) -> Vec<String> {
        let services = fleet.services().map(|service| &service.id);
        let failed = services.flat_map(|id| fleet.scrapes(id)).filter(|scraped| scraped.result.is_err());
        let failed = failed.filter_map(|it| Some(format!("{}: {}", it.service.path(), it.complaint()?)));
        self.warnings.into_iter().chain(failed).collect()
    }
}

/// Ask everything that is asked of these services (or of all), and let the fleet know. `gap`: between
/// two scrapes, without which there are no rates.
pub(super) async fn ask(
    session: &Session,
    fleet: &mut Fleet,
    is_meant: impl Fn(&ServiceId) -> bool,
    gap: Option<Duration>,
) -> Asked {
    let rules = Rules::new(&session.settings.metrics);
    let (targets, mut warnings) = Roster::survey(&rules, fleet);
    let all: Vec<&ServiceId> = fleet.services().map(|service| &service.id).collect();
    let idle = rules.idle(&all);
    warnings
        .extend(idle.iter().map(|glob| format!("[[metrics]] service = {glob:?} is about no service here")));
    let targets: Vec<Arc<metrics::Target>> =
        targets.values().filter(|target| is_meant(&target.service)).cloned().collect();
    let scraped = metrics::pairs(&Tools::new(session.engine.clone()), &targets, gap).await;
    let failed = scraped.iter().filter(|one| one.result.is_err()).count();
    fleet.apply(Observation::Scraped(scraped));
    Asked { failed, warnings }
}

/// Print what all or some services say.
pub(super) async fn run(session: &mut Session, args: &MetricsArgs) -> Result<Exit, CliError> {
    let mut fleet = session.fleet().await?;
    let named: Vec<Named> =
        args.services.iter().map(|name| target::resolve(&fleet, name, None)).collect::<Result<_, _>>()?;
    let meant: BTreeSet<ServiceId> = fleet
        .services()
        .map(|service| service.id.clone())
        .filter(|id| named.is_empty() || named.iter().any(|target| target::covers(target, id, &fleet)))
        .collect();
    let gap = if args.once { None } else { Some(args.over.map_or(GAP, |over| over.0)) };
    let Asked { failed, warnings } = ask(session, &mut fleet, |id| meant.contains(id), gap).await;
    let now = Timestamp::now();
    match args.output {
        TableOrJson::Json => {
            let services = meant.iter().filter_map(|id| one(&fleet, id, now)).collect();
            json::pretty(&mut session.out, &MetricsJson { schema: 1, services, warnings })?;
        }
        TableOrJson::Table => {
            let table = table(&fleet, &meant, now);
            let text = table.render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
            if text.is_empty() {
                say(
                    "no metrics: add [[metrics]] to the config, or label containers quarterdeck.metrics=/metrics",
                );
            }
            session.out.text(&text)?;
            for sentence in warnings {
                say(&format!("warning: {sentence}"));
            }
        }
    }
    session.out.flush()?;
    Ok(if failed > 0 { Exit::Failed } else { Exit::Done })
}

fn readings(fleet: &Fleet, id: &ServiceId, now: Timestamp) -> Vec<Reading> {
    let names = fleet.measured_names(id, now);
    names.iter().filter_map(|name| fleet.reading(id, name, now)).collect()
}

fn table(fleet: &Fleet, services: &BTreeSet<ServiceId>, now: Timestamp) -> Table {
    let mut table = Table::new(vec![
        Column::shrinking("SERVICE"),
        Column::left("METRIC"),
        Column::shrinking("VALUE"),
        Column::shrinking("REPLICA"),
    ]);
    for id in services {
        for reading in readings(fleet, id, now) {
            let value = Cell::new(Role::Text, reading.words());
            table.row(vec![id.path().into(), reading.name.to_string().into(), value, "".into()]);
        }
        for scraped in fleet.scrapes(id) {
            let Some(complaint) = scraped.complaint() else { continue };
            let role = if scraped.result.is_err() { Role::Bad } else { Role::Warn };
            table.row(vec![
                id.path().into(),
                scraped.source.to_string().into(),
                Cell::new(role, complaint),
                replica(fleet, scraped).unwrap_or_default().into(),
            ]);
        }
    }
    table
}

fn replica(fleet: &Fleet, scraped: &Scraped) -> Option<String> {
    Some(fleet.replica(scraped.replica.as_ref()?)?.name.to_string())
}

fn one(fleet: &Fleet, id: &ServiceId, now: Timestamp) -> Option<ServiceJson> {
    let value = |reading: Reading| ValueJson {
        name: reading.name.to_string(),
        value: reading.value,
        unit: reading.unit.to_string(),
    };
    let source = |scraped: &Scraped| SourceJson {
        source: scraped.source.to_string(),
        replica: scraped.replica.as_ref().map(|id| id.id.to_string()),
        asked: scraped.whole.to_string(),
        took: scraped.took.map(|took| took.as_secs_f64()),
        error: scraped.result.as_ref().err().map(ToString::to_string),
        remark: scraped.remark.as_ref().map(ToString::to_string),
    };
    let values: Vec<ValueJson> = readings(fleet, id, now).into_iter().map(value).collect();
    let sources: Vec<SourceJson> = fleet.scrapes(id).map(source).collect();
    (!values.is_empty() || !sources.is_empty()).then(|| ServiceJson { service: id.path(), values, sources })
}
