//! Services that the engine itself looks after, as Swarm does: told how many replicas of what
//! there should be, it makes, replaces and removes them; and goes back when an update fails.

use std::sync::Arc;

use super::World;
use super::birth::{Birth, spec_hash, ties};
use super::perform::Answer;
use super::survey::gate;
use crate::engine::demo::platform::Spec;
use crate::engine::{Course, Done, EngineError, Managed, UpdateState, UpdateStatus};
use crate::fleet::{Declared, Image, Limits, Observation, Placed, ServiceId, SpecHash};

/// What such a service should be, and how far it is.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    pub(super) desired: u32,
    force: u64,
    pub(super) now: Make,
    /// What it was made as before the last update; gone when the engine went back to it.
    pub(super) before: Option<Make>,
    pub(super) update: Option<UpdateStatus>,
    /// Makes so far.
    makes: u32,
    /// A look at it is planned.
    pub(super) looking: bool,
}

/// One way its replicas are made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Make {
    /// Its number: units bear it.
    pub(super) number: u32,
    pub(super) image: Image,
    pub(super) limits: Limits,
}

impl World {
    /// Take the services that ask for it into care.
    pub(super) fn take_charge(&mut self) {
        for (index, spec) in self.specs.iter().enumerate().filter(|(_, spec)| spec.managed) {
            let Birth { image, limits, .. } = Birth::first(spec, 1, 0);
            let charge = Charge {
                desired: spec.replicas,
                force: 0,
                now: Make { number: 0, image, limits },
                before: None,
                update: None,
                makes: 0,
                looking: false,
            };
            self.charges.insert(index, charge);
        }
    }

    /// What all of them should be; `None` where the engine looks after none.
    pub(in crate::engine::demo) fn declared(&self) -> Option<Observation> {
        if self.charges.is_empty() {
            return None;
        }
        let services = self.charges.iter().map(|(&spec, it)| Declared {
            service: self.service_of(&self.specs[spec]),
            desired: it.desired,
            global: false,
            image: it.now.image.clone(),
            ports: Vec::new(),
            update: it.update.clone(),
            ties: Some(Arc::new(ties(&self.specs[spec]))),
        });
        let services = services.collect();
        Some(Observation::Declared { at: self.stamp(self.now), engine: self.engine.clone(), services })
    }

    fn charge_of(&self, service: &ServiceId) -> Option<(usize, Charge)> {
        let mut all = self.charges.iter();
        let found = all.find(|(spec, _)| self.service_of(&self.specs[**spec]) == *service);
        found.map(|(&spec, it)| (spec, it.clone()))
    }

    pub(super) fn declare(&mut self) {
        let declared = self.declared();
        self.out.extend(declared);
    }

    /// What planning must know of one of them.
    pub(super) fn managed(&self, service: &ServiceId) -> Option<Managed> {
        let (index, it) = self.charge_of(service)?;
        let spec = &self.specs[index];
        let running = self.units_of[index].iter().filter(|&&slot| {
            let unit = &self.units[slot];
            unit.make == it.now.number && self.is_well(unit)
        });
        let leaving = self.units_of[index].iter().filter(|&&slot| {
            let ends = |run: &super::Run| run.asked.is_some() && run.to.is_none();
            self.units[slot].runs.back().is_some_and(ends)
        });
        let SpecHash(hash) = spec_hash(spec, it.now.limits);
        Some(Managed {
            service: service.clone(),
            image: it.now.image.clone(),
            previous: it.before.as_ref().map(|before| before.image.clone()),
            replicas: Some(it.desired),
            wanted: it.desired,
            running: u32::try_from(running.count()).unwrap_or(u32::MAX),
            leaving: u32::try_from(leaving.count()).unwrap_or(u32::MAX),
            limits: it.now.limits,
            force: it.force,
            rolls_back: true,
            start_first: true,
            host_ports: Vec::new(),
            health: spec.check.as_ref().map(super::details::health_spec),
            gate: gate(spec),
            spec: SpecHash(hash),
            update: it.update.clone(),
        })
    }

    /// Where a unit of a service in the engine's care was placed.
    pub(super) fn placed(spec: &Spec, task: &str) -> Option<Arc<Placed>> {
        let placed = Placed {
            task: task.into(),
            node: "demo-host".into(),
            here: true,
            stage: "running".into(),
            trouble: "".into(),
        };
        spec.managed.then(|| Arc::new(placed))
    }

    /// Tell one of them what it should be.
    pub(super) fn steer(&mut self, service: &ServiceId, from: &Course, to: &Course) -> Answer {
        let Some((index, mut it)) = self.charge_of(service) else {
            return (20, Err(EngineError::Gone { what: format!("service {}", service.path()) }));
        };
        if it.is(to) {
            return (20, Ok(Done::Unchanged));
        }
        if !it.is(from) {
            let why = "somebody changed it since".to_owned();
            return (20, Err(EngineError::Changed { what: service.path(), why }));
        }
        let image = match &to.image {
            None => it.now.image.clone(),
            Some(image) => match self.image_anywhere(image) {
                Ok(image) => image,
                Err(error) => return (60, Err(error)),
            },
        };
        it.desired = to.replicas.unwrap_or(it.desired);
        let anew = to.force.is_some_and(|force| force != it.force);
        it.force = to.force.unwrap_or(it.force);
        let limits = to.limits.unwrap_or(it.now.limits);
        if anew || image.id != it.now.image.id || limits != it.now.limits {
            it.makes += 1;
            let make = Make { number: it.makes, image, limits };
            it.before = Some(std::mem::replace(&mut it.now, make));
            it.update = Some(self.status(UpdateState::Updating, "update in progress"));
        }
        self.charges.insert(index, it);
        self.declare();
        self.look_soon(index, 30);
        (70, Ok(Done::Changed))
    }

    /// An image as the nodes would get it: from here, else from the registry.
    fn image_anywhere(&mut self, wanted: &Image) -> Result<Image, EngineError> {
        match self.image_for(wanted) {
            Ok(image) => Ok(image),
            Err(error) if wanted.reference.is_empty() => Err(error),
            Err(_) => {
                let reference = crate::engine::demo::platform::in_full(&wanted.reference);
                let id = self.in_registry(&reference)?;
                self.arrive(reference.clone(), id.clone());
                Ok(Image { reference, id })
            }
        }
    }

    pub(super) fn status(&self, state: UpdateState, message: &str) -> UpdateStatus {
        UpdateStatus { state, at: Some(self.stamp(self.now)), message: message.to_owned() }
    }
}

impl Charge {
    /// Whether it is what a course says.
    fn is(&self, course: &Course) -> bool {
        let image = course.image.as_ref().is_none_or(|image| {
            if image.id.is_empty() {
                image.reference == self.now.image.reference
            } else {
                image.id == self.now.image.id
            }
        });
        image
            && course.replicas.is_none_or(|n| n == self.desired)
            && course.limits.is_none_or(|limits| limits == self.now.limits)
            && course.force.is_none_or(|force| force == self.force)
    }
}
