//! Plans over the demo's fleets, with surveys changed by hand where a case needs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod managed;
mod orders;
mod pictures;
mod properties;
mod refusals;
mod warnings;

use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Options, Plan, plan, query};
use crate::engine::demo::{Platform, World};
use crate::engine::{Blueprint, ImageFacts, Query, Survey};
use crate::fleet::{EngineId, EngineInfo, Fleet, Image, Observation, Replica, Role, ServiceId};
use crate::operate::{Change, Intent, Pull, Refusal, Target};

fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// A fleet, and what an engine would say of it.
#[derive(Clone)]
pub(super) struct Set {
    info: EngineInfo,
    pub replicas: Vec<Replica>,
    pub fleet: Rc<Fleet>,
    pub survey: Survey,
    pub options: Options,
    project: &'static str,
}

impl Set {
    pub fn of(platform: Platform) -> Self {
        let world = World::new(platform, None, 7, start());
        let project = match platform {
            Platform::GroupBuying => "group-buying",
            Platform::Storefront => "storefront",
            _ => "payments",
        };
        let replicas = world.replicas();
        let images = replicas.iter().flat_map(|r| [r.image.id.clone(), r.image.reference.clone()]).collect();
        let query =
            Query { replicas: replicas.iter().map(|r| r.id.clone()).collect(), images, ..Query::default() };
        let survey = world.survey(&query);
        let options = Options { token: "x7k2q".into(), ..Options::default() };
        let mut set = Self { info: world.info(), replicas, fleet: Rc::default(), survey, options, project };
        set.tell();
        set
    }

    /// What is in `replicas` becomes what the fleet knows.
    pub fn tell(&mut self) {
        let mut fleet = Fleet::new();
        fleet.apply(Observation::Engine(self.info.clone()));
        let replicas = self.replicas.clone();
        fleet.apply(Observation::Synced { at: start(), engine: EngineId::new("demo"), replicas });
        self.fleet = Rc::new(fleet);
    }

    /// The fleet learns something more.
    pub fn observe(&mut self, observation: Observation) {
        Rc::get_mut(&mut self.fleet).unwrap().apply(observation);
    }

    pub fn id(&self, name: &str) -> ServiceId {
        ServiceId { engine: EngineId::new("demo"), project: Some(self.project.into()), name: name.into() }
    }

    pub fn service(&self, name: &str) -> Target {
        Target::Service(self.id(name))
    }

    pub fn whole(&self) -> Vec<Target> {
        vec![Target::Project(Some(self.project.into()))]
    }

    /// Change the replicas of a service.
    pub fn with(mut self, name: &str, change: impl Fn(&mut Replica)) -> Self {
        let id = self.id(name);
        let of = |r: &&mut Replica| r.service == id && r.role == Role::Replica;
        self.replicas.iter_mut().filter(of).for_each(change);
        self.tell();
        self
    }

    /// Change the settings of a service's replicas.
    pub fn set(mut self, name: &str, change: impl Fn(&mut Blueprint)) -> Self {
        let id = self.id(name);
        let ids: Vec<_> = self.replicas.iter().filter(|r| r.service == id).map(|r| &r.id).collect();
        self.survey.replicas.iter_mut().filter(|b| ids.contains(&&b.replica)).for_each(change);
        self
    }

    /// An image the engine has.
    pub fn image(mut self, reference: &str, id: &str) -> Self {
        let facts = ImageFacts { id: id.into(), tags: vec![reference.into()], health: None };
        self.survey.images.retain(|(asked, _)| **asked != *reference);
        self.survey.images.push((reference.into(), Some(facts.clone())));
        self.survey.images.push((id.into(), Some(facts)));
        self
    }

    /// An image the engine does not have.
    pub fn no_image(mut self, asked: &str) -> Self {
        self.survey.images.retain(|(known, _)| **known != *asked);
        self.survey.images.push((asked.into(), None));
        self
    }

    pub fn plan(&self, change: Change, targets: &[Target]) -> Result<Plan, Refusal> {
        let intent = Intent { change, targets: targets.to_vec() };
        query(&intent, &self.fleet)?;
        plan(&intent, &self.fleet, &self.survey, &self.options)
    }

    pub fn one(&self, change: Change, name: &str) -> Result<Plan, Refusal> {
        self.plan(change, &[self.service(name)])
    }

    /// The refusal in words, with its remedy behind.
    pub fn refused(&self, change: Change, name: &str) -> String {
        let refusal = self.one(change, name).expect_err("it is refused");
        format!("{refusal} | {}", refusal.remedy())
    }

    pub fn warnings(&self, change: Change, name: &str) -> Vec<String> {
        self.one(change, name).unwrap().warnings
    }
}

pub(super) fn deploy(image: &str) -> Change {
    Change::Deploy { image: Some(image.into()), pull: Pull::Missing }
}

/// The same reference, whatever it stands for now.
pub(super) fn redeploy() -> Change {
    Change::Deploy { image: None, pull: Pull::Missing }
}

pub(super) fn rollback(reference: &str, id: &str) -> Change {
    Change::Rollback { to: Image { reference: reference.into(), id: id.into() }, revision: Some(3) }
}

/// The whole plan as text.
pub(super) fn picture(plan: &Plan) -> String {
    let mut out = format!("{}\n{}\n\n", plan.question(), plan.sentence());
    let rows: Vec<[String; 7]> = plan
        .rows()
        .into_iter()
        .map(|r| {
            let step = if r.step == 0 { "-".to_owned() } else { r.step.to_string() };
            let (action, state) = (r.action.to_owned(), r.state.to_owned());
            [step, r.wave.to_string(), action, r.replica, r.id, state, r.note]
        })
        .collect();
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
    for row in &rows {
        let line = (0..7).fold(String::new(), |mut line, i| {
            let _ = write!(line, "{:<width$}  ", row[i], width = width(i));
            line
        });
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
    let lines = plan.images.iter().map(|i| format!("image: {}", i.sentence()));
    let lines = lines.chain(plan.gaps.iter().map(|g| format!("gap: {}", g.sentence())));
    let lines = lines.chain(plan.warnings.iter().map(|w| format!("warning: {w}")));
    for line in lines {
        out.push_str(&line);
        out.push('\n');
    }
    let _ = writeln!(out, "confirm: {:?}", plan.confirm);
    out
}

/// The steps in one word each, lanes apart: `create rename start wait`.
pub(super) fn actions(plan: &Plan) -> Vec<&'static str> {
    plan.rows().iter().filter(|r| r.wave > 0).map(|r| r.action).collect()
}

pub(super) fn arc(text: &str) -> Arc<str> {
    text.into()
}
