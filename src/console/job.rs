//! An operation under way as the screen knows it: which step, what its gate sees, which way it
//! goes. Folds [`Progress`]; pure.

use jiff::{SignedDuration, Timestamp};

use super::widget::text;
use crate::fleet::ServiceId;
use crate::operate::{Change, Direction, JobId, Plan, Progress, Seen, Work};

/// A job under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What is done.
    pub change: Change,
    /// To what, in words.
    pub what: String,
    /// The services it is about.
    pub services: Vec<ServiceId>,
    /// Steps in all.
    pub steps: usize,
    /// Steps that ended, the way it goes now.
    pub ended: usize,
    /// The replica it is at.
    pub at: String,
    /// The user cancelled it; it has not ended yet.
    pub cancelled: bool,
    /// Why it goes back; `None` = it does not.
    pub undoing: Option<String>,
    /// The journal's number.
    pub operation: Option<i64>,
    /// What is being done by the step begun last, `stop`, `create`, …; empty before the first.
    pub doing: String,
    /// Gates waiting now.
    pub gates: Vec<Waiting>,
    /// It waits for health somewhere, so it may take long enough to be watched.
    pub gated: bool,
    /// What each step does, in the order of its number.
    words: Vec<&'static str>,
}

/// A gate that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its number in the plan.
    pub number: u32,
    /// What it sees.
    pub seen: Seen,
    /// When it gives up.
    pub until: Timestamp,
}

impl Job {
    /// A job about to begin.
    pub fn new(id: JobId, plan: &Plan) -> Self {
        let rows = plan.rows();
        Self {
            id,
            change: plan.intent.change.clone(),
            what: plan.subject().split(" (").next().unwrap_or_default().to_owned(),
            services: plan.services.clone(),
            steps: plan.steps.len(),
            ended: 0,
            at: String::new(),
            cancelled: false,
            undoing: None,
            operation: None,
            doing: String::new(),
            gates: Vec::new(),
            gated: plan.steps.iter().any(|s| matches!(s.work, Work::Gate(_))),
            words: rows.iter().take(plan.steps.len()).map(|row| row.action).collect(),
        }
    }

    /// It moved on. The end is not its business.
    pub fn moved(&mut self, progress: &Progress, now: Timestamp) {
        match progress {
            Progress::Recorded { operation, .. } => self.operation = *operation,
            Progress::Began { number, name, direction, .. } => {
                let at = usize::try_from(*number).unwrap_or(usize::MAX).saturating_sub(1);
                let word = self.words.get(at).copied().unwrap_or_default();
                self.doing =
                    if *direction == Direction::Back { format!("undo {word}") } else { word.to_owned() };
                self.at = self.short(name).to_owned();
            }
            Progress::Waiting { number, seen, .. } => {
                let left = SignedDuration::try_from(seen.remaining).unwrap_or(SignedDuration::MAX);
                let until = now.checked_add(left).unwrap_or(Timestamp::MAX);
                self.gates.retain(|g| g.number != *number);
                self.gates.push(Waiting { number: *number, seen: seen.clone(), until });
            }
            Progress::Ended { outcome, .. } => {
                self.ended += 1;
                self.gates.retain(|g| g.number != outcome.number);
            }
            Progress::Undoing { why, .. } => {
                self.undoing = Some(why.clone());
                // As many steps lie behind it as it took, and it takes them back.
                (self.steps, self.ended) = (self.ended, 0);
                self.gates.clear();
            }
            Progress::Finished { .. } => {}
        }
    }

    /// A replica's name without the one project's.
    pub fn short<'n>(&self, name: &'n str) -> &'n str {
        let project = self.services.first().and_then(|s| s.project.as_deref());
        text::without_project(name, project)
    }

    /// Whether it has rows of its own on the screen.
    pub fn watched(&self) -> bool {
        self.gated || self.undoing.is_some()
    }

    /// Whether cancelling it takes something back, so that it is asked once more.
    pub fn undoes(&self) -> bool {
        self.undoing.is_none() && undoable(&self.change)
    }

    /// What its services are called in the list meanwhile: `deploying 2/9`.
    pub fn label(&self) -> String {
        let word = if self.undoing.is_some() { "undoing" } else { doing(self.change.command()) };
        if self.steps > 1 { format!("{word} {}/{}", self.ended, self.steps) } else { word.to_owned() }
    }
}

/// Rows the screen gives to jobs: two for a single one that waits for health somewhere or goes
/// back, one each for several. What is over in a moment has the status line.
pub fn rows(jobs: &[Job]) -> u16 {
    match jobs.iter().filter(|job| job.watched()).count() {
        0 => 0,
        1 => 2,
        several => u16::try_from(several).unwrap_or(u16::MAX),
    }
}

/// Whether a change is taken back when it is cancelled.
pub fn undoable(change: &Change) -> bool {
    matches!(
        change,
        Change::Scale { .. }
            | Change::Deploy { .. }
            | Change::Recreate
            | Change::Rollback { .. }
            | Change::Limit { .. }
    )
}

/// A command's name as what is going on: `deploying`.
pub fn doing(word: &str) -> &'static str {
    match word {
        "start" => "starting",
        "stop" => "stopping",
        "restart" => "restarting",
        "pause" => "pausing",
        "unpause" => "unpausing",
        "kill" => "killing",
        "remove" => "removing",
        "scale" => "scaling",
        "deploy" => "deploying",
        "recreate" => "recreating",
        "rollback" => "rolling back",
        "limit" => "limiting",
        "up" => "bringing up",
        "down" => "bringing down",
        _ => "changing",
    }
}

/// A command's name as what is happening to a service: `being deployed`.
pub fn being(word: &str) -> &'static str {
    match word {
        "start" => "started",
        "stop" => "stopped",
        "restart" => "restarted",
        "pause" => "paused",
        "unpause" => "unpaused",
        "kill" => "killed",
        "remove" => "removed",
        "scale" => "scaled",
        "deploy" => "deployed",
        "recreate" => "recreated",
        "rollback" => "rolled back",
        "limit" => "limited",
        "up" => "brought up",
        "down" => "brought down",
        _ => "changed",
    }
}
