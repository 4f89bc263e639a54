//! Plans as planning makes them, by hand, and what a test does with them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::pen::Book;
use super::super::trap::{Point, Trap};
use super::super::{Bridge, Control, Left, Resume, Setting, Task, launch};
use super::Notes;
use crate::engine::{Act, Consent, Create, Place, Step};
use crate::fleet::{Image, ReplicaId, State, Verb};
use crate::journal::Who;
use crate::operate::testing::{Yard, image, service};
use crate::operate::{
    Change, Confirm, Expect, Gate, ImageChange, Intent, JobId, Outcome, Phase, Plan, PlannedStep, Progress,
    Pull, Rule, Target, Unit, Work,
};

/// The token of every plan here.
pub(super) const TOKEN: &str = "x7k2p";
/// How long a gate here may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Makes a plan step by step.
pub(super) struct Draft {
    pub(super) plan: Plan,
    wave: u16,
    lane: u16,
    service: &'static str,
    name: Arc<str>,
    state: State,
}

impl Draft {
    pub(super) fn new(change: Change, service_name: &'static str) -> Self {
        let intent = Intent { change, targets: vec![Target::Service(service(service_name))] };
        let plan = Plan {
            intent,
            services: vec![service(service_name)],
            steps: Vec::new(),
            expects: Vec::new(),
            images: Vec::new(),
            gaps: Vec::new(),
            skipped: Vec::new(),
            only_newer: false,
            warnings: Vec::new(),
            confirm: Confirm::Yes,
        };
        let (wave, lane, name, state) = (0, 0, "".into(), State::Running);
        Self { plan, wave, lane, service: service_name, name, state }
    }

    pub(super) fn wave(&mut self) -> &mut Self {
        (self.wave, self.lane) = (self.wave + 1, 0);
        self
    }

    pub(super) fn lane(&mut self) -> &mut Self {
        self.lane += 1;
        self
    }

    /// The steps that follow are about this.
    pub(super) fn about(&mut self, name: &str, state: State) -> &mut Self {
        (self.name, self.state) = (name.into(), state);
        self
    }

    pub(super) fn expect(&mut self, id: &ReplicaId, name: &str, reference: &str) -> &mut Self {
        self.plan.expects.push(Expect {
            replica: id.clone(),
            service: service(self.service),
            name: name.into(),
            image: image(reference).id,
            state: State::Running,
        });
        self
    }

    fn push(&mut self, work: Work, phase: Phase) -> u32 {
        let number = u32::try_from(self.plan.steps.len() + 1).unwrap();
        self.plan.steps.push(PlannedStep {
            number,
            wave: self.wave,
            lane: self.lane,
            service: service(self.service),
            name: self.name.clone(),
            state: self.state,
            work,
            phase,
            note: String::new(),
        });
        number
    }

    pub(super) fn step(&mut self, step: Step<Unit>) -> u32 {
        self.push(Work::Step(step), Phase::Forward)
    }

    pub(super) fn act(&mut self, verb: Verb, unit: &Unit) -> u32 {
        self.step(Step::Act(Act::new(verb, unit.clone())))
    }

    pub(super) fn gate(&mut self, unit: &Unit, rule: Rule) -> u32 {
        let gate = Gate { unit: Some(unit.clone()), rule, deadline: DEADLINE };
        self.push(Work::Gate(gate), Phase::Forward)
    }

    pub(super) fn commit(&mut self, work: Work) -> u32 {
        self.push(work, Phase::Commit)
    }

    pub(super) fn create(&mut self, like: &ReplicaId, to: &Image, name: &str, place: Place) -> Unit {
        let like = Unit::Is(like.clone());
        let create = Create { like, image: to.clone(), name: name.into(), number: None, place, limits: None };
        Unit::Made(self.step(Step::Create(create)))
    }

    pub(super) fn rename(&mut self, unit: &Unit, from: &str, to: &str) {
        self.step(Step::Rename { replica: unit.clone(), from: from.into(), to: to.into() });
    }

    fn policy(&mut self, unit: &Unit) {
        self.step(Step::Policy { replica: unit.clone(), from: "always".into(), to: "no".into() });
    }
}

/// Whether both may run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Gap,
    Overlap,
}

/// Deploy `to` on these replicas of `api`, which run v1.
pub(super) fn deploy(replicas: &[(ReplicaId, String)], to: &str, style: Style, rule: &Rule) -> Plan {
    let change = Change::Deploy { image: Some(to.into()), pull: Pull::Never };
    let mut draft = Draft::new(change, "api");
    let to = image(to);
    let mut made = Vec::new();
    for (id, name) in replicas {
        let (new, old) = (format!("{name}.qd-{TOKEN}.new"), format!("{name}.qd-{TOKEN}.old"));
        let is = Unit::Is(id.clone());
        draft.about(name, State::Running).expect(id, name, "v1");
        let unit = draft.create(id, &to, &new, Place::Instead);
        if style == Style::Overlap {
            draft.act(Verb::Start, &unit);
            draft.gate(&unit, rule.clone());
        }
        draft.policy(&is);
        draft.act(Verb::Stop, &is);
        draft.rename(&is, name, &old);
        draft.rename(&unit, &new, name);
        if style == Style::Gap {
            draft.act(Verb::Start, &unit);
            draft.gate(&unit, rule.clone());
        }
        made.push((name.clone(), unit));
    }
    draft.wave();
    for (name, unit) in &made {
        draft.lane().about(name, State::Running).gate(unit, Rule::Settles(Duration::from_secs(2)));
    }
    draft.wave();
    for (id, name) in replicas {
        draft.lane().about(name, State::Running);
        draft.commit(Work::Step(Step::Act(Act::new(Verb::Remove, Unit::Is(id.clone())))));
    }
    draft.plan.images.push(ImageChange { service: service("api"), from: image("v1"), to });
    draft.plan
}

/// Scale `api` up by `more`, after what is there.
pub(super) fn scale_up(replicas: &[(ReplicaId, String)], more: usize) -> Plan {
    let total = replicas.len() + more;
    let mut draft = Draft::new(Change::Scale { to: u32::try_from(total).unwrap() }, "api");
    for (id, name) in replicas {
        draft.expect(id, name, "v1");
    }
    let like = &replicas[0].0;
    for n in replicas.len() + 1..=total {
        let name = format!("api-{n}");
        draft.lane().about(&name, State::Created);
        let unit = draft.create(like, &image("v1"), &name, Place::Beside);
        draft.act(Verb::Start, &unit);
        draft.gate(&unit, Rule::Healthy);
    }
    draft.plan
}

/// Scale `api` down to `to`.
pub(super) fn scale_down(replicas: &[(ReplicaId, String)], to: usize) -> Plan {
    let mut draft = Draft::new(Change::Scale { to: u32::try_from(to).unwrap() }, "api");
    for (id, name) in replicas.iter().skip(to) {
        draft.lane().about(name, State::Running).expect(id, name, "v1");
        let is = Unit::Is(id.clone());
        draft.policy(&is);
        draft.act(Verb::Stop, &is);
    }
    draft.wave();
    for (id, name) in replicas.iter().skip(to) {
        draft.lane().about(name, State::Running);
        draft.commit(Work::Step(Step::Act(Act::new(Verb::Remove, Unit::Is(id.clone())))));
    }
    draft.plan
}

/// Restart the replicas of `api`, each behind its gate.
pub(super) fn restart(replicas: &[(ReplicaId, String)], rule: &Rule) -> Plan {
    let mut draft = Draft::new(Change::Act(Verb::Restart), "api");
    for (id, name) in replicas {
        let is = Unit::Is(id.clone());
        draft.about(name, State::Running).expect(id, name, "v1");
        draft.commit(Work::Step(Step::Act(Act::new(Verb::Restart, is.clone()))));
        let gate = Gate { unit: Some(is), rule: rule.clone(), deadline: DEADLINE };
        draft.commit(Work::Gate(gate));
    }
    draft.plan
}

/// One verb on each, side by side.
pub(super) fn each(verb: Verb, replicas: &[(ReplicaId, String)], phase: Phase) -> Plan {
    let mut draft = Draft::new(Change::Act(verb), "api");
    for (id, name) in replicas {
        draft.lane().about(name, State::Running).expect(id, name, "v1");
        draft.push(Work::Step(Step::Act(Act::new(verb, Unit::Is(id.clone())))), phase);
    }
    draft.plan
}

/// A yard with `count` replicas of `api` on v1, and nothing bad about v1 and v2.
pub(super) fn yard(count: usize) -> (Yard, Vec<(ReplicaId, String)>) {
    use crate::operate::testing::Life;
    let yard = Yard::new();
    yard.life("v1", Life::Healthy(300));
    yard.life("v2", Life::Healthy(500));
    let replicas = (1..=count)
        .map(|n| {
            let name = format!("api-{n}");
            (yard.running("api", &name, "v1"), name)
        })
        .collect();
    (yard, replicas)
}

fn setting(yard: &Yard, notes: Option<&Notes>, control: &Control, trap: Trap) -> Setting {
    let engine = Arc::new(yard.clone());
    let who = Who::default();
    let bridge =
        Bridge { engine, instance: "i".into(), host: "h".into(), journal: None, who, examiner: None };
    let book = notes.map_or(Book::Nowhere, |n| Book::Notes(n.clone()));
    Setting { bridge, book, job: JobId(1), consent: Consent::Yes, control: control.clone(), trap }
}

/// Begin a plan; the channel tells.
pub(super) fn begin(
    yard: &Yard,
    notes: Option<&Notes>,
    plan: &Plan,
    control: &Control,
) -> UnboundedReceiver<Progress> {
    launch(setting(yard, notes, control, Trap::default()), Task::Run(Box::new(plan.clone()))).1
}

/// Run a plan to its end.
pub(super) async fn run(yard: &Yard, notes: &Notes, plan: &Plan) -> Outcome {
    to_end(begin(yard, Some(notes), plan, &Control::default())).await.1
}

/// Take the only operation up again, to its end.
pub(super) async fn resume(yard: &Yard, notes: &Notes, how: Resume) -> Outcome {
    let setting = setting(yard, Some(notes), &Control::default(), Trap::default());
    let left = Left { operation: 1, services: vec![service("api")] };
    to_end(launch(setting, Task::Resume(left, how)).1).await.1
}

/// How a run with a trap in it went.
pub(super) enum Went {
    /// It fell into the trap: killed there.
    Killed,
    /// It came to its end.
    Ended(Box<Outcome>),
}

/// Run a plan, or take one up again, with a trap at a point.
pub(super) async fn trapped(
    yard: &Yard,
    notes: &Notes,
    task: Result<&Plan, Resume>,
    point: Point,
    cancel_at: Option<u32>,
) -> Went {
    let caught = CancellationToken::new();
    let control = Control::default();
    let setting = setting(yard, Some(notes), &control, Trap::set(point, caught.clone()));
    let task = match task {
        Ok(plan) => Task::Run(Box::new(plan.clone())),
        Err(how) => Task::Resume(Left { operation: 1, services: vec![service("api")] }, how),
    };
    let (handle, told): (JoinHandle<()>, _) = launch(setting, task);
    let ended = to_end_or(told, cancel_at.map(|n| (n, control.cancel.clone())));
    tokio::select! {
        biased;
        () = caught.cancelled() => {
            handle.abort();
            let _ = handle.await;
            Went::Killed
        }
        outcome = ended => Went::Ended(Box::new(outcome)),
    }
}

/// To the end; cancels when step `n` begins.
async fn to_end_or(
    mut told: UnboundedReceiver<Progress>,
    cancel: Option<(u32, CancellationToken)>,
) -> Outcome {
    while let Some(progress) = told.recv().await {
        match progress {
            Progress::Began { number, .. } => {
                if let Some((at, cancel)) = &cancel
                    && *at == number
                {
                    cancel.cancel();
                }
            }
            Progress::Finished { outcome, .. } => return outcome,
            _ => {}
        }
    }
    panic!("it was killed without a trap")
}

/// Everything told until the channel closes; checks that it ends in the one `Finished`.
pub(super) async fn to_end(mut told: UnboundedReceiver<Progress>) -> (Vec<Progress>, Outcome) {
    let mut all = Vec::new();
    while let Some(progress) = told.recv().await {
        assert_eq!(progress.job(), JobId(1));
        all.push(progress);
    }
    let finished = all.iter().filter(|p| matches!(p, Progress::Finished { .. })).count();
    assert_eq!(finished, 1, "exactly one Finished");
    let Some(Progress::Finished { outcome, .. }) = all.last() else { panic!("and it is the last") };
    let outcome = outcome.clone();
    (all, outcome)
}
