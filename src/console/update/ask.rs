//! From a key to a job: ask for the value that is missing, look at what planning depends on, plan,
//! ask, run.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;

use super::super::Effect;
use super::super::dialog::{
    Basis, Confirm, Dialog, Fields, Form, Looking, Message, Then, Value, Wanted, confirm_page,
};
use super::super::ledger::Recording;
use super::super::model::{Job, Model};
use super::super::pane::Target;
use super::super::widget::Scroll;
use super::revisions;
use crate::action::Action;
use crate::config::Protection;
use crate::engine::{Consent, EngineError, Survey};
use crate::fleet::{Limits, Replica, Role, ServiceId, Verb};
use crate::operate::{Change, Confirm as Sure, Intent, JobId, Options, Plan, Refusal, plan, query};

/// Do a change to what is marked, else selected.
pub(super) fn ask(model: &mut Model, change: Change) -> Vec<Effect> {
    let aim = model.grid.aim();
    ask_for(model, change, aim)
}

/// Do a change to these.
pub(super) fn ask_for(model: &mut Model, change: Change, aim: Vec<Target>) -> Vec<Effect> {
    if refused(model) || unrecorded(model, &change, needs(&change)) {
        return Vec::new();
    }
    let intent = Intent { change, targets: aim };
    // What is refused without looking need not be looked at. A removal may still be by force.
    if let Err(refusal) = query(&intent, &model.fleet) {
        refuse(model, &refusal);
        return Vec::new();
    }
    let what = format!("{} {}", intent.change, aimed(model, &intent.targets));
    let number = looking(model, what, Then::Plan(intent.clone()));
    vec![Effect::Survey(number, intent)]
}

/// Ask for the value a change of what is marked, else selected, needs.
pub(super) fn form(model: &mut Model, wanted: Wanted) -> Vec<Effect> {
    let aim = model.grid.aim();
    form_for(model, wanted, aim)
}

/// Ask for the value a change of these needs.
pub(super) fn form_for(model: &mut Model, wanted: Wanted, aim: Vec<Target>) -> Vec<Effect> {
    let change = match wanted {
        Wanted::Scale => Change::Scale { to: 0 },
        Wanted::Deploy => Change::Deploy { image: None, pull: crate::operate::Pull::Missing },
        Wanted::Limit => Change::Limit { cpus: None, memory: None },
    };
    if refused(model) || unrecorded(model, &change, needs(&change)) {
        return Vec::new();
    }
    let replicas = replicas(model, &aim);
    if replicas.is_empty() {
        let intent = Intent { change, targets: aim };
        let why = query(&intent, &model.fleet).err().map(|refusal| refusal.to_string());
        let word = intent.change.word();
        model.refuse(why.unwrap_or_else(|| format!("nothing to {word}: there is no replica")));
        return Vec::new();
    }
    let services = services(&replicas);
    let what = aimed(model, &aim);
    let form = match wanted {
        Wanted::Scale => {
            let now = match services.as_slice() {
                [only] => model.fleet.summary(only, model.now).map(|s| s.total),
                _ => None,
            };
            Form::scale(aim, what, now)
        }
        Wanted::Deploy => {
            let mut references: Vec<&str> = replicas.iter().map(|r| &*r.image.reference).collect();
            references.dedup();
            let now = match references.as_slice() {
                [only] => Some((*only).to_owned()),
                _ => None,
            };
            Form::deploy(aim, what, now.as_deref())
        }
        Wanted::Limit => {
            let mut limits: Vec<Limits> = replicas.iter().map(|r| r.limits).collect();
            limits.dedup();
            let now = match limits.as_slice() {
                [only] => Some(*only),
                _ => None,
            };
            Form::limit(aim, what, now)
        }
    };
    model.dialogs.push(Dialog::Form(Box::new(form)));
    Vec::new()
}

/// A key for a form, which was taken off the stack.
pub(super) fn form_key(model: &mut Model, mut form: Box<Form>, key: KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Esc => {
            model.say(format!("{}: cancelled, nothing was done", form.title()));
            return Vec::new();
        }
        KeyCode::Enter => match form.change() {
            Ok(change) => return ask_for(model, change, form.aim),
            Err(why) => form.fields.problem = Some(why),
        },
        _ => edit(&mut form.fields, key),
    }
    model.dialogs.push(Dialog::Form(form));
    Vec::new()
}

/// A key for lines to be filled in.
pub(super) fn edit(fields: &mut Fields, key: KeyEvent) {
    let last = fields.list.len().saturating_sub(1);
    let at = fields.at;
    match key.code {
        KeyCode::Tab | KeyCode::Down => fields.at = if at == last { 0 } else { at + 1 },
        KeyCode::BackTab | KeyCode::Up => fields.at = if at == 0 { last } else { at - 1 },
        _ => {
            fields.problem = None;
            match fields.list.get_mut(at).map(|field| &mut field.value) {
                Some(Value::Text(line)) => {
                    line.handle_event(&Event::Key(key));
                }
                Some(Value::Choice(options, chosen)) => {
                    let count = options.len().max(1);
                    match key.code {
                        KeyCode::Left => *chosen = (*chosen + count - 1) % count,
                        KeyCode::Right | KeyCode::Char(' ') => *chosen = (*chosen + 1) % count,
                        _ => {}
                    }
                }
                None => {}
            }
        }
    }
}

/// Wait for an answer; returns its number.
pub(super) fn looking(model: &mut Model, what: String, then: Then) -> u64 {
    let number = model.next_look;
    model.next_look += 1;
    model.dialogs.push(Dialog::Looking(Looking { number, what, since: model.now, then }));
    number
}

/// Take the waiting for that answer off the stack; `None` when nobody waits for it any more.
pub(super) fn looked(model: &mut Model, number: u64) -> Option<Then> {
    let at = model.dialogs.iter().position(|d| matches!(d, Dialog::Looking(l) if l.number == number))?;
    model.dirty = true;
    match model.dialogs.remove(at) {
        Dialog::Looking(looking) => Some(looking.then),
        _ => None,
    }
}

/// What planning depends on was looked at.
pub(super) fn surveyed(
    model: &mut Model,
    number: u64,
    token: String,
    result: Result<Survey, EngineError>,
) -> Vec<Effect> {
    let Some(Then::Plan(intent)) = looked(model, number) else { return Vec::new() };
    let survey = match result {
        Ok(survey) => survey,
        Err(error) => {
            model.fail(format!("{}: can't look before: {error}. {}", intent.change, error.remedy()));
            return Vec::new();
        }
    };
    let basis = Basis { intent, force: false, survey, token };
    match planned(model, basis) {
        Ok((plan, _)) if unrecorded(model, &plan.intent.change, plan.needs_journal()) => Vec::new(),
        Ok((plan, _)) if plan.confirm == Sure::Open => run(model, plan),
        Ok((plan, basis)) => {
            model.dialogs.push(Dialog::Confirm(Box::new(Confirm::new(plan, basis))));
            Vec::new()
        }
        Err(refusal) => {
            refuse(model, &refusal);
            Vec::new()
        }
    }
}

/// Plan; a removal that is refused because everything runs is planned by force, and says so.
fn planned(model: &Model, mut basis: Basis) -> Result<(Plan, Basis), Refusal> {
    match plan_of(model, &basis) {
        Err(refusal) if basis.intent.change == Change::Act(Verb::Remove) && !basis.force => {
            basis.force = true;
            match plan_of(model, &basis) {
                Ok(plan) => Ok((plan, basis)),
                Err(_) => Err(refusal),
            }
        }
        planned => planned.map(|plan| (plan, basis)),
    }
}

fn plan_of(model: &Model, basis: &Basis) -> Result<Plan, Refusal> {
    let options = Options {
        token: basis.token.clone(),
        force: basis.force,
        // Read-only as a whole was refused before.
        protection: Protection { read_only: false, ..model.settings.protection() },
        gate: model.settings.gate.clone(),
        seat: model.seat.clone(),
        ..Options::default()
    };
    plan(&basis.intent, &model.fleet, &basis.survey, &options)
}

/// Say why it is not done; what takes a change elsewhere gets a dialog with what to change.
pub(super) fn refuse(model: &mut Model, refusal: &Refusal) {
    model.refuse(refusal.to_string());
    let explains = matches!(refusal, Refusal::Impossible { .. } | Refusal::Protected { .. });
    if explains && model.dialogs.is_empty() && model.prompt.is_none() {
        let text = vec![refusal.to_string(), String::new(), refusal.remedy().to_owned()];
        let title = "nothing was done".to_owned();
        model.dialogs.push(Dialog::Message(Message { title, text, bad: false, scroll: Scroll::default() }));
    }
}

/// The first of two places that say so; the engine's edge is the other.
pub(super) fn refused(model: &mut Model) -> bool {
    if model.settings.read_only {
        model.refuse(EngineError::ReadOnly.to_string());
    }
    model.settings.read_only
}

/// Whether a change can't be made because it can't be written down; says so. A restart is known to
/// need it once it is planned.
fn unrecorded(model: &mut Model, change: &Change, needs: bool) -> bool {
    match &model.ledger.recording {
        Recording::Broken { why, remedy } if needs => {
            let words = format!("no {} without a record: {why}. {remedy}", change.noun());
            model.refuse(words);
            true
        }
        _ => false,
    }
}

/// Whether a change needs the journal, as far as is known before it is planned.
fn needs(change: &Change) -> bool {
    change.verb().is_none() && change.needs_journal()
}

/// A key for the confirmation, which was taken off the stack.
pub(super) fn confirm_key(model: &mut Model, mut confirm: Box<Confirm>, key: KeyEvent) -> Vec<Effect> {
    let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let typed = confirm.word().is_some();
    let change = &confirm.plan.intent.change;
    match key.code {
        KeyCode::Esc => {
            model.say(format!("{change}: cancelled, nothing was done"));
            return Vec::new();
        }
        KeyCode::Char('n' | 'N' | 'q') if !typed => {
            model.say(format!("{change}: cancelled, nothing was done"));
            return Vec::new();
        }
        KeyCode::Enter if confirm.lapsed.is_some() => return confirmed(model, confirm),
        // Enter ends what was typed: meant for something else, it must not end a service.
        KeyCode::Enter if !typed && confirm.dangerous() => {
            model.refuse(format!("enter does not {change}: press y"));
        }
        KeyCode::Enter if confirm.ready() => return confirmed(model, confirm),
        KeyCode::Char('y' | 'Y') if !typed && !control => return confirmed(model, confirm),
        KeyCode::Enter => {
            let word = confirm.word().unwrap_or_default().to_owned();
            model.refuse(format!("type {word} to confirm, esc to leave it"));
        }
        KeyCode::Char('c') if !typed && !control => return copy(model, confirm),
        KeyCode::Char('y') if typed && control => return copy(model, confirm),
        _ => {
            let action = match key.code {
                KeyCode::Up => Some(Action::Up),
                KeyCode::Down => Some(Action::Down),
                KeyCode::PageUp => Some(Action::PageUp),
                KeyCode::PageDown => Some(Action::PageDown),
                KeyCode::Home if !typed => Some(Action::Top),
                KeyCode::End if !typed => Some(Action::Bottom),
                KeyCode::Char('j') if !typed => Some(Action::Down),
                KeyCode::Char('k') if !typed => Some(Action::Up),
                _ => None,
            };
            if let Some(action) = action {
                let (rows, shown) = confirm_page(&confirm, model.size);
                confirm.scroll.act(action, rows, shown);
            } else if typed {
                confirm.typed.handle_event(&Event::Key(key));
            }
        }
    }
    model.dialogs.push(Dialog::Confirm(confirm));
    Vec::new()
}

fn copy(model: &mut Model, confirm: Box<Confirm>) -> Vec<Effect> {
    model.say("the plan is copied");
    let effect = Effect::Copy(confirm.text());
    model.dialogs.push(Dialog::Confirm(confirm));
    vec![effect]
}

/// The fleet moved on: a question about what is gone says so instead of standing there as if.
pub(super) fn reconsider(model: &mut Model) {
    let lapsed = match model.dialogs.last() {
        Some(Dialog::Confirm(confirm)) => plan_of(model, &confirm.basis).err(),
        _ => return,
    };
    if let Some(Dialog::Confirm(confirm)) = model.dialogs.last_mut() {
        confirm.lapsed = lapsed.map(|refusal| refusal.to_string());
    }
}

/// Yes was said.
fn confirmed(model: &mut Model, mut confirm: Box<Confirm>) -> Vec<Effect> {
    // The fleet may have moved on while the question stood there: plan again.
    let plan = match plan_of(model, &confirm.basis) {
        Ok(plan) => plan,
        Err(refusal) => {
            refuse(model, &refusal);
            return Vec::new();
        }
    };
    if !covered(&confirm.plan, &plan) {
        model.refuse("this is not what you were shown any more: nothing was done, look at the new plan");
        confirm.plan = plan;
        confirm.typed.reset();
        confirm.scroll.home();
        model.dialogs.push(Dialog::Confirm(confirm));
        return Vec::new();
    }
    run(model, plan)
}

/// Whether a yes to what was shown is a yes to this plan too. Of ten containers to stop one may
/// have gone; anything else that differs was not agreed to.
fn covered(shown: &Plan, now: &Plan) -> bool {
    let same = shown.images == now.images && shown.confirm == now.confirm;
    if shown.intent.change.verb().is_none() {
        let works = |p: &Plan| p.steps.iter().map(|s| (s.name.clone(), s.work.clone())).collect::<Vec<_>>();
        return same && works(shown) == works(now);
    }
    let touched = |p: &Plan| p.steps.iter().filter_map(|s| s.replica().cloned()).collect::<Vec<_>>();
    let before = touched(shown);
    same && touched(now).iter().all(|id| before.contains(id))
}

fn run(model: &mut Model, plan: Plan) -> Vec<Effect> {
    let id = next_job(model);
    model.jobs.push(Job::new(id, &plan));
    model.grid.clear_marks();
    model.headline.stale = true;
    let consent = consent(&plan.confirm);
    vec![Effect::Run(id, Box::new(plan), consent)]
}

/// A number for a job.
pub(super) fn next_job(model: &mut Model) -> JobId {
    let id = JobId(model.next_job);
    model.next_job += 1;
    id
}

/// How surely a confirmed plan is meant.
pub(super) fn consent(confirm: &Sure) -> Consent {
    match confirm {
        Sure::Open => Consent::None,
        Sure::Yes => Consent::Yes,
        Sure::Typed(_) => Consent::Typed,
    }
}

/// Go back to an image the selected service ran before; to that revision, where one is named.
pub(super) fn roll_back(model: &mut Model, aim: &[Target], to: Option<u32>) -> Vec<Effect> {
    let change = Change::Rollback { to: crate::fleet::Image::default(), revision: to };
    if refused(model) || unrecorded(model, &change, needs(&change)) {
        return Vec::new();
    }
    if model.ledger.recording == Recording::Unwanted {
        model.refuse(
            "can't roll back: without a journal nobody knows what ran before; deploy an image instead",
        );
        return Vec::new();
    }
    let services = match aim {
        [Target::Service(id)] => vec![id.clone()],
        _ => services(&replicas(model, aim)),
    };
    match services.as_slice() {
        [id] => revisions::look(model, id.clone(), to),
        [] => {
            model.refuse("nothing to roll back: there is no replica");
            Vec::new()
        }
        several => {
            let count = several.len();
            model.refuse(format!("these are {count} services: roll back one after the other"));
            Vec::new()
        }
    }
}

/// Start or stop whole projects.
pub(super) fn project(model: &mut Model, change: Change, aim: &[Target]) -> Vec<Effect> {
    let mut projects = Vec::new();
    for target in aim {
        let project = match target {
            Target::Project(project) => project.clone(),
            Target::Service(id) => id.project.clone(),
            Target::Replica(id) => model.fleet.replica(id).and_then(|r| r.service.project.clone()),
        };
        let project = Target::Project(project);
        if !projects.contains(&project) {
            projects.push(project);
        }
    }
    if projects.contains(&Target::Project(None)) {
        let word = change.word();
        model.refuse(format!(
            "nothing to {word}: lone containers are no project; start and stop are for them"
        ));
        return Vec::new();
    }
    ask_for(model, change, projects)
}

/// The replicas these stand for, spares and jobs left out.
fn replicas<'a>(model: &'a Model, aim: &[Target]) -> Vec<&'a Replica> {
    let of = |target: &Target| -> Vec<&'a Replica> {
        match target {
            Target::Replica(id) => model.fleet.replica(id).into_iter().collect(),
            Target::Service(id) => model.fleet.replicas_of(id).filter(|r| r.role == Role::Replica).collect(),
            Target::Project(project) => {
                let services = model.fleet.services().filter(|s| s.id.project == *project);
                let all = services.flat_map(|s| model.fleet.replicas_of(&s.id));
                all.filter(|r| r.role == Role::Replica).collect()
            }
        }
    };
    aim.iter().flat_map(of).collect()
}

fn services(replicas: &[&Replica]) -> Vec<ServiceId> {
    let mut services: Vec<ServiceId> = Vec::new();
    for replica in replicas {
        if !services.contains(&replica.service) {
            services.push(replica.service.clone());
        }
    }
    services
}

/// What is aimed at, in words.
fn aimed(model: &Model, aim: &[Target]) -> String {
    match aim {
        [Target::Project(project)] => project.as_deref().unwrap_or("lone containers").to_owned(),
        [Target::Service(id)] => id.name.to_string(),
        [Target::Replica(id)] => {
            model.fleet.replica(id).map_or_else(|| id.short().to_owned(), |r| r.name.to_string())
        }
        _ => format!("{} marked", aim.len()),
    }
}
