//! Everything planning looks at.

use super::super::gate_times::Timing;
use super::super::{Gate, Intent, Refusal, Rule, Unit, words};
use super::Options;
use super::draft::{At, Draft, Weight, Whom};
use crate::engine::{Blueprint, HealthSpec, Survey};
use crate::fleet::{Fleet, Replica, ServiceId};

/// What is wanted, and what is known.
pub(in super::super) struct Scene<'a> {
    pub intent: &'a Intent,
    pub fleet: &'a Fleet,
    pub survey: &'a Survey,
    pub options: &'a Options,
}

impl<'a> Scene<'a> {
    /// A replica's settings, if they were surveyed.
    pub fn seen(&self, replica: &Replica) -> Option<&'a Blueprint> {
        self.survey.replica(&replica.id)
    }

    /// A replica's settings.
    ///
    /// # Errors
    /// [`Refusal::Gone`] when the survey did not find it.
    pub fn blueprint(&self, replica: &Replica) -> Result<&'a Blueprint, Refusal> {
        let gone = || Refusal::Gone { verb: self.intent.change.clone(), what: replica.name.to_string() };
        self.seen(replica).ok_or_else(gone)
    }

    /// It can't be done.
    pub fn impossible(
        &self,
        service: &ServiceId,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Refusal {
        Refusal::impossible(&self.intent.change, service.path(), why, remedy)
    }

    /// When this replica counts as well; complaints about its labels go to the draft.
    pub fn timing(
        &self,
        replica: &Replica,
        image_health: Option<&Option<HealthSpec>>,
        draft: &mut Draft,
    ) -> Timing {
        let timing = Timing::of_replica(replica, self.seen(replica), image_health, &self.options.gate);
        for warning in &timing.warnings {
            draft.warn(Weight::Note, warning.clone());
        }
        timing
    }

    /// Wait until it is well; nothing where nobody waits.
    pub(super) fn gate(&self, draft: &mut Draft, at: At, whom: &Whom, unit: Unit, timing: &Timing) {
        if self.options.wait {
            let gate = Gate { unit: Some(unit), rule: timing.rule.clone(), deadline: timing.deadline };
            let note = words::gate(&gate);
            draft.gate(at, whom, gate, note);
        }
    }

    /// Wait until it ran to its end.
    pub(super) fn gate_completion(
        &self,
        draft: &mut Draft,
        at: At,
        whom: &Whom,
        unit: Unit,
        timing: &Timing,
    ) {
        if self.options.wait {
            let gate = Gate { unit: Some(unit), rule: Rule::Completes, deadline: timing.completion() };
            let note = words::gate(&gate);
            draft.gate(at, whom, gate, note);
        }
    }
}
