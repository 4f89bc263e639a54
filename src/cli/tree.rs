//! `qd tree`: who needs whom, and what a service takes with it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::args::{StatusFormat, TreeArgs};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::status;
use super::table::{Cell, Column, Table};
use super::{json, target};
use crate::config::{Glyphs, Role};
use crate::fleet::{Branch, Causes, Dependencies, Fleet, How, Leaf, ServiceId, Since, Way};
use crate::operate::Target;
use crate::text::human;

/// What `-o json` prints. Fields are added, never renamed.
#[derive(Debug, Serialize, JsonSchema)]
struct TreeJson {
    /// The version of this schema.
    schema: u32,
    /// Where to look first, of all services, first things first.
    look_first: Vec<CauseJson>,
    /// The services asked for, by project and name.
    services: Vec<NodeJson>,
}

/// Something that is not well, and not because of others.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CauseJson {
    /// `project/service`, or the name of a lone container.
    service: String,
    /// What is not well because of it, the nearest first.
    explains: Vec<String>,
}

/// One service.
#[derive(Debug, Serialize, JsonSchema)]
struct NodeJson {
    /// `project/service`, or the name of a lone container.
    service: String,
    /// As in qd status.
    health: &'static str,
    /// Since when, where known, RFC 3339.
    since: Option<String>,
    /// Why, in words; empty when there is nothing to say.
    why: String,
    /// The service because of which it is not well, where one is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    /// Whom it needs itself.
    needs: Vec<NeedJson>,
    /// Whom it needs that is no service here.
    outside: Vec<OutsideJson>,
    /// What it takes with it, the nearest first.
    impact: Vec<StruckJson>,
}

/// One service needs another.
#[derive(Debug, Serialize, JsonSchema)]
struct NeedJson {
    /// Whom.
    service: String,
    /// How that is seen: names of variables, `depends_on`, ….
    how: Vec<String>,
}

/// Somebody outside.
#[derive(Debug, Serialize, JsonSchema)]
struct OutsideJson {
    /// A name or an address.
    host: String,
    /// The port, where one was written or follows.
    port: Option<u16>,
    /// As for a service.
    how: Vec<String>,
}

/// A service that goes down with another.
#[derive(Debug, Serialize, JsonSchema)]
struct StruckJson {
    /// Which.
    service: String,
    /// 1 = it needs it itself.
    depth: u32,
}

/// The schema of the JSON output.
pub(super) fn schema() -> Schema {
    schema_for!(TreeJson)
}

/// `look_first` of the JSON outputs.
pub(super) fn look_first(causes: &Causes) -> Vec<CauseJson> {
    let cause = |cause: &crate::fleet::Cause| CauseJson {
        service: cause.service.path(),
        explains: cause.explains.iter().map(ServiceId::path).collect(),
    };
    causes.first().iter().map(cause).collect()
}

/// Print who needs whom.
pub(super) async fn run(session: &mut Session, args: &TreeArgs) -> Result<Exit, CliError> {
    let fleet = session.fleet().await?;
    let now = Timestamp::now();
    let only = match &args.target {
        Some(name) => Some(target::resolve(&fleet, name, None)?),
        None => None,
    };
    let services: Vec<&ServiceId> = services(&fleet, only.as_ref());
    let shown = Shown { fleet: &fleet, causes: fleet.causes(now), now, glyphs: session.out.glyphs };
    if args.output == StatusFormat::Json {
        json::pretty(&mut session.out, &shown.json(&services))?;
        session.out.flush()?;
        return Ok(Exit::Done);
    }
    for sentence in shown.causes.first().iter().filter_map(crate::fleet::Cause::sentence) {
        let text = session.out.paint.text(Role::Warn, &sentence);
        session.out.line(&text)?;
    }
    let way = if args.impact { Way::Impact } else { Way::Needs };
    let table = shown.table(&services, way, args.output == StatusFormat::Wide);
    let text = table.render(&session.out.paint, session.out.fit(), session.out.glyphs.ellipsis);
    session.out.text(&text)?;
    if fleet.dependencies().is_empty() && !services.is_empty() {
        super::say("nothing says who needs whom: no depends_on label, no variable with a host in it");
    }
    session.out.flush()?;
    Ok(Exit::Done)
}

/// The services meant, jobs left out.
fn services<'f>(fleet: &'f Fleet, only: Option<&Target>) -> Vec<&'f ServiceId> {
    let replica = match only {
        Some(Target::Replica(id)) => fleet.replica(id).map(|replica| &replica.service),
        _ => None,
    };
    let all = fleet.services().map(|service| &service.id);
    all.filter(|id| match (replica, only) {
        (Some(of), _) => of == *id,
        (None, Some(target)) => target::covers(target, id, fleet),
        (None, None) => fleet.is_service(id),
    })
    .collect()
}

struct Shown<'a> {
    fleet: &'a Fleet,
    causes: Causes,
    now: Timestamp,
    glyphs: &'a Glyphs,
}

impl Shown<'_> {
    fn all(&self) -> &Dependencies {
        self.fleet.dependencies()
    }

    fn table(&self, services: &[&ServiceId], way: Way, wide: bool) -> Table {
        let mut columns = vec![Column::shrinking("SERVICE"), Column::shrinking("HEALTH")];
        if wide {
            columns.push(Column::left("HOW"));
        }
        let mut table = Table::new(columns);
        let mut projects: BTreeMap<(bool, Option<&str>), Vec<&ServiceId>> = BTreeMap::new();
        for id in services {
            projects.entry((id.project.is_none(), id.project.as_deref())).or_default().push(id);
        }
        for ((_, project), services) in projects {
            let title = format!("{} {}", self.glyphs.open, project.unwrap_or("(no project)"));
            table.heading(Cell::new(Role::Title, title));
            for branch in self.all().tree(&services, way) {
                table.row(self.row(&branch, project, wide));
            }
        }
        table
    }

    fn row(&self, branch: &Branch, project: Option<&str>, wide: bool) -> Vec<Cell> {
        let stem = format!("  {}", branch.stem(*self.glyphs == Glyphs::ASCII));
        let mut cells = match &branch.leaf {
            Leaf::Outside(path) => {
                vec![Cell::new(Role::Dim, format!("{stem}{path}")), Cell::new(Role::Dim, "outside")]
            }
            Leaf::Service(id) => {
                let name = if id.project.as_deref() == project { id.name.to_string() } else { id.path() };
                let above = if branch.above { " (see above)" } else { "" };
                vec![Cell::from(format!("{stem}{name}{above}")), self.health(id)]
            }
        };
        if wide {
            let how: Vec<&str> = branch.how.iter().map(How::word).collect();
            cells.push(Cell::new(Role::Dim, how.join(", ")));
        }
        cells
    }

    fn health(&self, id: &ServiceId) -> Cell {
        let Some(Since { health, at, why }) = self.fleet.summary(id, self.now).map(|it| it.health) else {
            return Cell::from("");
        };
        let mut text = format!("{} {}", status::glyph(self.glyphs, health), health.word());
        if let Some(at) = at.filter(|_| !health.is_well()) {
            text.push(' ');
            text.push_str(&human::age_at(at, self.now));
        }
        if let Some(cause) = self.causes.because(id) {
            text.push_str(" because of ");
            text.push_str(&cause.name);
        }
        if !why.is_empty() {
            text.push_str(": ");
            text.push_str(&why);
        }
        Cell::new(status::role(health), text)
    }

    fn json(&self, services: &[&ServiceId]) -> TreeJson {
        TreeJson {
            schema: 1,
            look_first: look_first(&self.causes),
            services: services.iter().map(|id| self.node(id)).collect(),
        }
    }

    fn node(&self, id: &ServiceId) -> NodeJson {
        let words = |how: &[How]| how.iter().map(|how| how.word().to_owned()).collect();
        let health = self.fleet.summary(id, self.now).map(|summary| summary.health);
        let all = self.all();
        NodeJson {
            service: id.path(),
            health: health.as_ref().map_or("", |since| since.health.word()),
            since: health.as_ref().and_then(|since| since.at).map(human::rfc3339),
            why: health.map(|since| since.why).unwrap_or_default(),
            because: self.causes.because(id).map(ServiceId::path),
            needs: all
                .needs(id)
                .iter()
                .map(|need| NeedJson { service: need.service.path(), how: words(&need.how) })
                .collect(),
            outside: all
                .outside(id)
                .iter()
                .map(|it| OutsideJson { host: it.host.to_string(), port: it.port, how: words(&it.how) })
                .collect(),
            impact: all
                .impact(id)
                .into_iter()
                .map(|struck| StruckJson { service: struck.service.path(), depth: struck.depth })
                .collect(),
        }
    }
}
