//! What every command begins with: settings resolved, the engine opened, standard output ready.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout, timeout_at};

use super::exit::CliError;
use super::out::Out;
use crate::config::Settings;
use crate::engine::Engine;
use crate::fleet::{Fleet, Link, Observation, Replica, ReplicaId, Usage};
use crate::journal::{Journal, JournalError, News, OperationRecord, Recorder, Who};
use crate::operate::Bridge;
use crate::probe::{Examiner, Rules};

/// Usage needs two readings; a local engine gives them within a quarter of a second, a remote one
/// may need longer than a command should wait.
const USAGE_WAIT: Duration = Duration::from_millis(1500);
/// How long to wait for the rest once the first replica's CPU is known.
const STRAGGLERS: Duration = Duration::from_millis(300);
/// How long a command waits for the journal to take down what was listed.
const RECORD_WAIT: Duration = Duration::from_millis(300);
/// A reading that is older says nothing about now.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// Everything a command works with.
pub(super) struct Session {
    /// Settings as resolved: defaults, file, environment, flags.
    pub(super) settings: Settings,
    /// The engine, behind the read-only guard where that is asked for.
    pub(super) engine: Arc<dyn Engine>,
    /// The journal; `None`: there is none (see the next two).
    pub(super) journal: Option<Journal>,
    /// Why there is none, where one was wanted.
    pub(super) journal_problem: Option<JournalError>,
    /// None is wanted (`--no-journal`).
    pub(super) without_journal: bool,
    /// Who is at it.
    pub(super) who: Who,
    /// Standard output.
    pub(super) out: Out,
}

impl Session {
    /// One that only looks, and leaves no trace.
    pub(super) fn unrecorded(settings: Settings, engine: Arc<dyn Engine>, out: Out) -> Self {
        let (journal, journal_problem, who) = (None, None, Who::default());
        Self { settings, engine, journal, journal_problem, without_journal: true, who, out }
    }

    /// Say that nothing is written down, where that was not asked for.
    pub(super) fn warn_unrecorded(&self) {
        if let Some(problem) = self.journal_problem.as_ref().filter(|_| !self.without_journal) {
            super::say(&format!("warning: not recorded: {problem}"));
            super::say(&format!("    {}", problem.remedy()));
        }
    }

    /// Operations on this engine that have not ended, oldest first. Without a journal, or when it
    /// can't be read, there are none to tell of: whoever needs it finds out.
    pub(super) async fn unfinished(&self, fleet: &Fleet) -> Vec<OperationRecord> {
        let (Some(journal), Some(engine)) = (&self.journal, fleet.engine()) else { return Vec::new() };
        match journal.unfinished(&engine.instance).await {
            Ok(left) => left,
            Err(error) => {
                tracing::debug!(%error, "what was left in the middle is not known");
                Vec::new()
            }
        }
    }

    /// What operations on this fleet work with.
    pub(super) fn bridge(&self, fleet: &Fleet) -> Bridge {
        let (instance, host) = fleet
            .engine()
            .map_or_else(Default::default, |engine| (engine.instance.clone(), engine.host.clone()));
        Bridge {
            engine: self.engine.clone(),
            instance,
            host,
            journal: self.journal.clone(),
            who: self.who.clone(),
            examiner: Some(self.examiner(fleet)),
        }
    }

    /// Who asks its replicas whether they answer as they should.
    fn examiner(&self, fleet: &Fleet) -> Examiner {
        Examiner::new(Rules::new(&self.settings.probes), self.engine.clone(), fleet.engine())
    }

    /// What the engine has now, without usage.
    pub(super) async fn fleet(&self) -> Result<Fleet, CliError> {
        self.list(false).await
    }

    /// What the engine has now, with usage where it comes in time: what could not be read is
    /// missing, which is not an error.
    pub(super) async fn fleet_with_usage(&self) -> Result<Fleet, CliError> {
        let mut fleet = self.list(true).await?;
        if usage_is_missing(&fleet) {
            // The engine itself has to be asked, which only its watch does.
            let mut usage = Vec::new();
            self.usage(&mut usage).await;
            for observation in usage {
                fleet.apply(observation);
            }
        }
        Ok(fleet)
    }

    async fn list(&self, usage: bool) -> Result<Fleet, CliError> {
        let (mut fleet, mut recorder) = (Fleet::new(), Recorder::new());
        for observation in self.engine.list(usage).await? {
            if self.journal.is_some() {
                recorder.observe(&observation);
            }
            fleet.apply(observation);
        }
        self.record(recorder.news()).await;
        if fleet.shut_out().next().is_some() {
            match self.engine.listeners().await {
                Ok(listeners) => drop(fleet.apply(Observation::Listening(listeners))),
                Err(why) => tracing::debug!(%why, "who has the port that was taken can't be seen"),
            }
        }
        Ok(fleet)
    }

    /// Write down what was seen, as far as that takes no time worth noticing: who only looks must
    /// not be kept from it by a journal.
    async fn record(&self, news: Option<News>) {
        let (Some(journal), Some(news)) = (&self.journal, news) else { return };
        match timeout(RECORD_WAIT, news.write(journal)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "what was seen is not recorded"),
            Err(_) => tracing::debug!("recording what was seen takes too long to wait for"),
        }
    }

    /// The first usage the engine's watch brings, with the host's figures: of everything that is
    /// up, or of what came in time.
    async fn usage(&self, seen: &mut Vec<Observation>) {
        let mut watch = self.engine.watch();
        let mut waiting: Option<HashSet<ReplicaId>> = None;
        let mut deadline = Instant::now() + USAGE_WAIT;
        while let Ok(Some(observation)) = timeout_at(deadline, watch.next()).await {
            match observation {
                Observation::Synced { replicas, .. } => {
                    let up = replicas.into_iter().filter(can_be_read).map(|r| r.id);
                    // Each engine has a list of its own.
                    waiting.get_or_insert_default().extend(up);
                }
                // An engine may tell what was before it tells what is.
                Observation::Sampled { at, .. } if Timestamp::now().duration_since(at) > FRESH => {}
                Observation::Sampled { ref usages, .. } => {
                    let read = usages.iter().filter(|(_, usage)| usage.cpu.is_some());
                    let mut any = false;
                    for (id, _) in read {
                        any = true;
                        if let Some(waiting) = &mut waiting {
                            waiting.remove(id);
                        }
                    }
                    if any {
                        deadline = deadline.min(Instant::now() + STRAGGLERS);
                    }
                    seen.push(observation);
                }
                Observation::Host(_) => seen.push(observation),
                // The list says why there is no engine; here there is only nothing to wait for.
                Observation::Link(Link::Lost { .. }) => break,
                _ => {}
            }
            if waiting.as_ref().is_some_and(HashSet::is_empty) {
                break;
            }
        }
    }
}

/// Whether usage of it is to be had: it is up, and on the node we are connected to.
fn can_be_read(replica: &Replica) -> bool {
    replica.is_up() && replica.placed.as_ref().is_none_or(|placed| placed.here)
}

/// Something is up, and of nothing that is up any usage is known.
fn usage_is_missing(fleet: &Fleet) -> bool {
    let now = Timestamp::now();
    let known = |replica: &Replica| {
        fleet.replica_summary(&replica.id, now).is_some_and(|s| s.usage != Usage::default())
    };
    let mut up =
        fleet.services().flat_map(|s| fleet.replicas_of(&s.id)).filter(|r| can_be_read(r)).peekable();
    up.peek().is_some() && !up.any(known)
}
