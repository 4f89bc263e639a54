//! Waiting at a gate: look, judge, tell, a few times a second.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Saga;
use super::ask::away;
use crate::engine::{Details, Done, EngineError, Managed, Query};
use crate::fleet::{ReplicaId, ServiceId};
use crate::operate::gate::{Look, Watch};
use crate::operate::{Direction, Gate, PlannedStep, Progress, Rule, Seen, Unit};
use crate::probe::Examiner;

/// Between looks at a replica: what a gate costs beyond what it waits for.
const POLL: Duration = Duration::from_millis(60);
/// Between looks at a service, which cost the engine more.
const POLL_SERVICE: Duration = Duration::from_millis(200);
/// Between two times a replica is probed that did not pass.
const ASK: Duration = Duration::from_millis(500);
/// Between two tellings of the same.
const TELL: Duration = Duration::from_millis(250);

/// Tells what a gate sees, but not more often than anybody can read.
struct Teller<'a> {
    saga: &'a Saga,
    number: u32,
    told: Option<(Instant, Seen)>,
}

impl Teller<'_> {
    fn tell(&mut self, seen: Seen, now: Instant) {
        let news = self.told.as_ref().is_none_or(|(at, old)| {
            let same = (&old.state, &old.check, &old.output) == (&seen.state, &seen.check, &seen.output);
            !same || now.duration_since(*at) >= TELL
        });
        if news {
            self.told = Some((now, seen.clone()));
            self.saga.say(Progress::Waiting { job: self.saga.job, number: self.number, seen });
        }
    }
}

/// Asks a replica that is well by what the engine says whether it answers, too.
struct Probing<'a> {
    examiner: Option<&'a Examiner>,
    /// When it was asked last, and what it did not pass.
    asked: Option<(Instant, String)>,
}

impl Probing<'_> {
    /// What follows from asking it, now or a moment ago.
    async fn ask(&mut self, watch: &mut Watch, details: &Details) -> Look {
        let Some(examiner) = self.examiner else { return Look::Open };
        let due = self.asked.as_ref().is_none_or(|(at, _)| at.elapsed() >= ASK);
        if due {
            match examiner.failing(&details.replica).await {
                None => return Look::Open,
                Some(why) => self.asked = Some((Instant::now(), why)),
            }
        }
        let why = self.asked.as_ref().map_or("", |(_, why)| why);
        let patience = examiner.patience(&details.replica).unwrap_or_default();
        watch.unanswered(details, why, patience, Instant::now())
    }
}

impl Saga {
    /// Wait until a gate opens.
    ///
    /// # Errors
    /// [`EngineError::NotWell`] when it won't; [`EngineError::Interrupted`] when it is no longer
    /// waited for.
    pub(super) async fn gate(&self, planned: &PlannedStep, gate: &Gate) -> Result<Done, EngineError> {
        let waiting = async {
            match (&gate.unit, &gate.rule) {
                (None, _) | (_, Rule::Converged) => self.converge(planned, gate, Direction::Forward).await,
                (Some(unit), _) => {
                    let id = self.resolve(unit)?;
                    self.replica(planned.number, unit, &id, &planned.name, gate, Direction::Forward).await
                }
            }
        };
        tokio::select! {
            biased;
            () = self.no_longer(planned) => Err(EngineError::Interrupted),
            ended = waiting => ended,
        }
    }

    /// Wait until a replica is well. On the way back it need not answer better than it did before.
    pub(super) async fn replica(
        &self,
        number: u32,
        unit: &Unit,
        id: &ReplicaId,
        name: &Arc<str>,
        gate: &Gate,
        direction: Direction,
    ) -> Result<Done, EngineError> {
        let (before, well) = {
            let seen = self.seen();
            let before = seen.restarts.get(id).copied().or(unit.is().is_none().then_some(0));
            (before, seen.well.get(id).copied())
        };
        let mut watch = Watch::new(name.clone(), gate, before, well, Instant::now());
        let mut teller = Teller { saga: self, number, told: None };
        let asks = direction == Direction::Forward && gate.rule != Rule::Completes;
        let mut probing = Probing { examiner: self.examiner.as_ref().filter(|_| asks), asked: None };
        loop {
            let result = self.look_once(id).await;
            let now = Instant::now();
            let looked = match result {
                Ok(details) => Ok(match watch.saw(&details, now) {
                    Look::Open => probing.ask(&mut watch, &details).await,
                    look => look,
                }),
                Err(error) => Err(error),
            };
            match looked {
                Ok(look) => match look {
                    Look::Open => break,
                    Look::Failed(why) => return Err(EngineError::NotWell { what: name.to_string(), why }),
                    Look::Waiting(seen) => teller.tell(seen, now),
                },
                Err(EngineError::Gone { .. }) => {
                    let why = "was removed by somebody else".to_owned();
                    return Err(EngineError::NotWell { what: name.to_string(), why });
                }
                Err(error) if away(&error) && watch.lost(now) => {
                    self.engine_was_away();
                    teller.tell(watch.blind(&error.to_string(), now), now);
                }
                Err(error) => {
                    if away(&error) {
                        self.engine_is_gone();
                    }
                    return Err(error);
                }
            }
            tokio::time::sleep(POLL).await;
        }
        if let Some(well) = watch.well() {
            self.seen().well.insert(id.clone(), well);
        }
        Ok(Done::Unchanged)
    }

    /// Wait until a service that the engine looks after is as it should be. On the way back it is
    /// no failure that the engine went back by itself.
    pub(super) async fn converge(
        &self,
        planned: &PlannedStep,
        gate: &Gate,
        direction: Direction,
    ) -> Result<Done, EngineError> {
        let name: Arc<str> = planned.service.path().into();
        let mut watch = Watch::new(name.clone(), gate, None, None, Instant::now());
        let mut teller = Teller { saga: self, number: planned.number, told: None };
        let not_well = |why: String| EngineError::NotWell { what: name.to_string(), why };
        loop {
            let result = self.managed(&planned.service).await;
            let now = Instant::now();
            match result {
                Ok(Some(managed)) => match watch.converged(&managed, direction, now) {
                    Look::Open => return Ok(Done::Unchanged),
                    Look::Failed(why) => return Err(not_well(why)),
                    Look::Waiting(seen) => teller.tell(seen, now),
                },
                Ok(None) => return Err(not_well("was removed by somebody else".to_owned())),
                Err(error) if away(&error) && watch.lost(now) => {
                    self.engine_was_away();
                    teller.tell(watch.blind(&error.to_string(), now), now);
                }
                Err(error) => {
                    if away(&error) {
                        self.engine_is_gone();
                    }
                    return Err(error);
                }
            }
            tokio::time::sleep(POLL_SERVICE).await;
        }
    }

    /// How a service stands that the engine looks after; `None`: there is none such.
    pub(super) async fn managed(&self, service: &ServiceId) -> Result<Option<Managed>, EngineError> {
        let query = Query { services: vec![service.clone()], ..Query::default() };
        let survey = tokio::time::timeout(Duration::from_secs(15), self.engine.survey(&query)).await;
        let survey = survey.unwrap_or_else(|_| Err(self.hung("survey")))?;
        Ok(survey.managed(service).cloned())
    }

    /// Ends when a step that only waits is no longer worth waiting for.
    pub(super) async fn no_longer(&self, planned: &PlannedStep) {
        let cancelled = async {
            if self.heeds_cancel(planned) {
                self.control.cancel.cancelled().await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.turn.cancelled() => {}
            () = self.halt.cancelled() => {}
            () = cancelled => {}
        }
    }
}
