//! The journal: what was done here, by whom, and what became of it. `SQLite`, append-only.
//!
//! Owns: the file, its schema and versions, revisions of services, operations with their steps,
//! the locks that keep two qd's off one service, events worth keeping, incidents and who was told
//! of them, post-mortems, reveals of secrets. Must
//! not: decide anything about an operation (it keeps a plan as JSON and does not look inside), and
//! hold a secret.
//!
//! One thread writes; every call is a message to it, so nobody waits for a disk while drawing. A
//! call that is no longer waited for is carried out all the same.

mod error;
mod events;
mod fault;
mod file;
mod incidents;
mod notice;
mod operations;
mod postmortems;
mod process;
mod record;
mod recorder;
mod revisions;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
pub mod timeline;
mod who;
mod worker;

pub use error::JournalError;
pub use notice::{IncidentQuery, Notice, NoticeCounts, NoticeEnd};
pub use postmortems::{Merge, PostMortem};
pub use record::{
    Adoption, EngineRecord, EventRecord, Lock, NewOperation, OperationEnd, OperationRecord, OperationState,
    Query, RevealRecord, Sighting, StepEnd, StepRecord,
};
pub use recorder::{News, Recorder, Recording};
pub use who::Who;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::alert::{Incident, Occasion, Silence};
use crate::fleet::{Revision, ServiceId};
use fault::Fault;
use file::Identity;
use operations::Claim;
use worker::Worker;

/// A handle to the journal; clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    path: Arc<Path>,
    /// `None`: this handle only reads.
    writer: Option<Worker>,
    reader: Worker,
    /// The file as it was opened; `None`: there is none, or no telling.
    identity: Option<Identity>,
    claims: Claims,
}

/// Our claims on the operations we have: see [`Claim`].
#[derive(Clone, Debug, Default)]
struct Claims(Arc<Mutex<HashMap<i64, i64>>>);

impl Claims {
    fn map(&self) -> MutexGuard<'_, HashMap<i64, i64>> {
        // Nothing in here can be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, (operation, claim): Claim) {
        self.map().insert(operation, claim);
    }

    fn drop(&self, operation: i64) {
        self.map().remove(&operation);
    }

    fn of(&self, operation: i64) -> Option<Claim> {
        self.map().get(&operation).map(|claim| (operation, *claim))
    }
}

impl Journal {
    /// Open the journal, making it (and its directory, for its owner alone) if it is not there.
    /// Blocks.
    ///
    /// # Errors
    /// It can't be made, read or written; it is damaged; a newer qd wrote it.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let writer = file::to_write(path)?;
        let reader = file::to_read(path)?;
        Self::of(path, Some(writer), Some(reader))
    }

    /// Open a journal that is there to read in it, changing nothing. Blocks.
    ///
    /// # Errors
    /// It is not there or can't be read; it is damaged; a newer qd wrote it.
    pub fn open_to_read(path: &Path) -> Result<Self, JournalError> {
        Self::of(path, None, Some(file::to_read(path)?))
    }

    /// One that is gone with the last handle: tests, the demo.
    ///
    /// # Errors
    /// Memory.
    pub fn in_memory() -> Result<Self, JournalError> {
        Self::of(Path::new(":memory:"), Some(file::in_memory()?), None)
    }

    fn of(path: &Path, writer: Option<Connection>, reader: Option<Connection>) -> Result<Self, JournalError> {
        let path: Arc<Path> = PathBuf::from(path).into();
        let spawn = |name, connection: Option<Connection>| {
            let worker = connection.map(|connection| Worker::spawn(name, connection));
            let failed =
                |e: std::io::Error| JournalError::Failed { path: path.to_path_buf(), why: e.to_string() };
            worker.transpose().map_err(failed)
        };
        let writer = spawn("journal", writer)?;
        let reader = spawn("journal-read", reader)?.or_else(|| writer.clone()).ok_or(JournalError::Closed)?;
        let identity = Identity::of(&path);
        Ok(Self { path, writer, reader, identity, claims: Claims::default() })
    }

    /// Where it lies; `:memory:` for one in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Write down that an operation begins, and lock its services, in one transaction.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when another operation has one of the services; or it can't be
    /// written.
    pub async fn begin(&self, operation: NewOperation) -> Result<i64, JournalError> {
        let (claims, path, identity) = (self.claims.clone(), self.path.clone(), self.identity);
        self.durably(move |c| {
            if identity.is_some() && Identity::of(&path) != identity {
                let why = "it was moved away or replaced since it was opened; start qd again".into();
                return Err(JournalError::Unwritable { path: path.to_path_buf(), why }.into());
            }
            let id = operations::begin(c, &operation, Timestamp::now())?;
            claims.set((id, 1));
            Ok(id)
        })
        .await
    }

    /// Take over an unfinished operation whose owner is gone: its locks are ours from here on, and
    /// the owner, should it come back, can write nothing more.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when its owner lives; or it can't be written.
    pub async fn adopt(&self, operation: i64, who: Who) -> Result<OperationRecord, JournalError> {
        let claims = self.claims.clone();
        self.durably(move |c| {
            let (record, claim) = operations::adopt(c, operation, &who, Timestamp::now())?;
            claims.set((operation, claim));
            Ok(record)
        })
        .await
    }

    /// The owner lives: call every few seconds while operating.
    ///
    /// # Errors
    /// [`JournalError::Lost`]: somebody took it over; or it can't be written.
    pub async fn beat(&self, operation: i64) -> Result<(), JournalError> {
        let claim = self.claimed(operation)?;
        // A power failure ends the owner too.
        self.lightly(move |c| operations::beat(c, claim, Timestamp::now())).await
    }

    /// Give an unfinished operation up: its services stay locked, and anybody may adopt it, this
    /// process too.
    ///
    /// # Errors
    /// [`JournalError::Lost`]: somebody took it over; or it can't be written.
    pub async fn left(&self, operation: i64, why: &str) -> Result<(), JournalError> {
        let claim = self.claimed(operation)?;
        let why = why.to_owned();
        self.durably(move |c| operations::left(c, claim, &why)).await?;
        self.claims.drop(operation);
        Ok(())
    }

    /// A step is about to be asked for. Returns once it is on the disk.
    ///
    /// # Errors
    /// It can't be written, or the operation is somebody else's by now ([`JournalError::Lost`]):
    /// then the step must not be taken.
    pub async fn step_begins(&self, operation: i64, number: u32, back: bool) -> Result<(), JournalError> {
        let claim = self.claimed(operation)?;
        self.durably(move |c| operations::step_begins(c, claim, number, back, Timestamp::now())).await
    }

    /// A step has ended.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn step_ended(
        &self,
        operation: i64,
        number: u32,
        back: bool,
        end: StepEnd,
    ) -> Result<(), JournalError> {
        let claim = self.claimed(operation)?;
        // The next step's begin, or the operation's end, brings it to the disk. Should the power
        // fail before that, nobody knows whether the step happened: it is asked for again, and
        // steps bear that.
        self.lightly(move |c| operations::step_ended(c, claim, number, back, &end, Timestamp::now())).await
    }

    /// From here on it goes back.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn undoing(&self, operation: i64, why: &str) -> Result<(), JournalError> {
        let claim = self.claimed(operation)?;
        let why = why.to_owned();
        self.durably(move |c| operations::undoing(c, claim, &why)).await
    }

    /// An operation has ended; its locks go.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn ended(&self, operation: i64, end: OperationEnd) -> Result<(), JournalError> {
        let claim = self.claimed(operation)?;
        if !end.state.ended() {
            return Err(JournalError::Missing { what: format!("end called {}", end.state.word()) });
        }
        self.durably(move |c| operations::ended(c, claim, &end, Timestamp::now())).await?;
        self.claims.drop(operation);
        Ok(())
    }

    /// Write down an operation that had ended before this journal was there: the demo's past.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn recall(
        &self,
        operation: NewOperation,
        at: Timestamp,
        end: OperationEnd,
    ) -> Result<i64, JournalError> {
        self.durably(move |c| {
            let id = operations::begin(c, &operation, at)?;
            let over = at.checked_add(end.took).unwrap_or(at);
            operations::ended(c, (id, 1), &end, over)?;
            Ok(id)
        })
        .await
    }

    /// Operations on this engine that were begun and have not ended, oldest first; with
    /// [`OperationRecord::alive`] telling whether somebody is still at it.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn unfinished(&self, instance: &str) -> Result<Vec<OperationRecord>, JournalError> {
        let instance = instance.to_owned();
        self.read(move |c| operations::unfinished(c, &instance)).await
    }

    /// One operation.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn operation(&self, operation: i64) -> Result<Option<OperationRecord>, JournalError> {
        self.read(move |c| operations::one(c, operation)).await
    }

    /// Operations, newest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn operations(&self, query: Query) -> Result<Vec<OperationRecord>, JournalError> {
        self.read(move |c| operations::all(c, &query)).await
    }

    /// What services were seen to run. All sightings of one service in one call are one picture of
    /// it: everything of it that ran at that moment. The same as last time costs one update.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn saw(&self, instance: &str, sightings: Vec<Sighting>) -> Result<(), JournalError> {
        let instance = instance.to_owned();
        // What is running can be seen again.
        self.lightly(move |c| revisions::saw(c, &instance, &sightings, Timestamp::now())).await
    }

    /// What a service ran, newest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn revisions(
        &self,
        instance: &str,
        service: &ServiceId,
    ) -> Result<Vec<Revision>, JournalError> {
        let (instance, service) = (instance.to_owned(), service.clone());
        self.read(move |c| revisions::of(c, &instance, &service)).await
    }

    /// Every service the journal knows something of, sorted; of one engine, or of all.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn services(&self, instance: Option<&str>) -> Result<Vec<ServiceId>, JournalError> {
        let instance = instance.map(str::to_owned);
        self.read(move |c| rows::services(c, instance.as_deref())).await
    }

    /// The engines anything is on record of, by the names of their hosts.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn engines(&self) -> Result<Vec<EngineRecord>, JournalError> {
        self.read(|c| rows::engines(c)).await
    }

    /// What an engine's host is called, for those who read without the engine.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn met(&self, engine: EngineRecord) -> Result<(), JournalError> {
        self.lightly(move |c| rows::met(c, &engine)).await
    }

    /// Things that happened; those already known are left out. Those nobody planned according to
    /// the caller are checked against the operations of others.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn happened(&self, instance: &str, events: Vec<EventRecord>) -> Result<(), JournalError> {
        let instance = instance.to_owned();
        // A note of what others did, not of what we are about to do.
        self.lightly(move |c| events::happened(c, &instance, &events)).await
    }

    /// Things that happened, newest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn events(&self, query: Query) -> Result<Vec<EventRecord>, JournalError> {
        self.read(move |c| events::all(c, &query)).await
    }

    /// Secrets are about to be shown: whose, their names (never their values), to whom.
    ///
    /// # Errors
    /// It can't be written: then they must not be shown.
    pub async fn revealed(
        &self,
        instance: &str,
        service: &ServiceId,
        names: Vec<String>,
        who: Who,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let instance = instance.to_owned();
        let reveal = RevealRecord { at, service: service.clone(), names, who };
        self.durably(move |c| events::revealed(c, &instance, &reveal)).await
    }

    /// Secrets that were shown, newest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn reveals(&self, query: Query) -> Result<Vec<RevealRecord>, JournalError> {
        self.read(move |c| events::reveals(c, &query)).await
    }

    /// An incident is open: as the journal has it, which knows it already where another qd was first
    /// (then with that one's number and times).
    ///
    /// # Errors
    /// It can't be written.
    pub async fn incident_opened(
        &self,
        instance: &str,
        incident: Incident,
    ) -> Result<Incident, JournalError> {
        let instance = instance.to_owned();
        self.durably(move |c| incidents::opened(c, &instance, &incident)).await
    }

    /// What kept an open incident quiet is over: people are told of it now.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn incident_told(&self, id: i64) -> Result<(), JournalError> {
        self.lightly(move |c| incidents::told(c, id)).await
    }

    /// An incident is over. Whether it was open until now: another qd may have been first.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn incident_closed(&self, id: i64, incident: Incident) -> Result<bool, JournalError> {
        self.durably(move |c| incidents::closed(c, id, &incident)).await
    }

    /// Somebody has seen an open incident.
    ///
    /// # Errors
    /// There is no open one of that number, or it can't be written.
    pub async fn acknowledge(&self, id: i64, who: Who, note: &str) -> Result<Incident, JournalError> {
        let note = note.to_owned();
        self.durably(move |c| incidents::acknowledge(c, id, &who, &note, Timestamp::now())).await
    }

    /// One incident.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn incident(&self, id: i64) -> Result<Option<Incident>, JournalError> {
        self.read(move |c| incidents::by_number(c, id)).await
    }

    /// Incidents, each with the engine it is of, the newest first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn incidents(&self, query: IncidentQuery) -> Result<Vec<(String, Incident)>, JournalError> {
        self.read(move |c| incidents::all(c, &query)).await
    }

    /// Keep incidents quiet; the number of the silence.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn silence(&self, instance: &str, silence: Silence, who: Who) -> Result<i64, JournalError> {
        let instance = instance.to_owned();
        self.durably(move |c| incidents::silence(c, &instance, &silence, &who)).await
    }

    /// End a silence before its time.
    ///
    /// # Errors
    /// There is none of that number in force, or it can't be written.
    pub async fn lift(&self, id: i64) -> Result<(), JournalError> {
        self.durably(move |c| incidents::lift(c, id, Timestamp::now())).await
    }

    /// Silences in force, the first to end first.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn silences(&self, instance: &str) -> Result<Vec<Silence>, JournalError> {
        let instance = instance.to_owned();
        self.read(move |c| incidents::silences(c, &instance, Timestamp::now())).await
    }

    /// Promise that these will be told of an incident. Returns the promises that are ours to keep:
    /// what another qd has promised already is not among them.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn promise(
        &self,
        incident: i64,
        what: Occasion,
        targets: Vec<String>,
        who: Who,
    ) -> Result<Vec<Notice>, JournalError> {
        self.durably(move |c| incidents::promise(c, incident, what, &targets, &who, Timestamp::now())).await
    }

    /// What became of a promise.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn settle(&self, notice: i64, end: NoticeEnd) -> Result<(), JournalError> {
        self.durably(move |c| incidents::settle(c, notice, &end, Timestamp::now())).await
    }

    /// Take over promises on this engine that nobody keeps any more, each with its incident, and
    /// say that those in `ours` are still being kept.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn inherit(
        &self,
        instance: &str,
        who: Who,
        ours: Vec<i64>,
    ) -> Result<Vec<(Notice, Incident)>, JournalError> {
        let instance = instance.to_owned();
        self.lightly(move |c| incidents::inherit(c, &instance, &who, &ours, Timestamp::now())).await
    }

    /// How many promises are open, and how many were given up.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn notices(&self, instance: &str) -> Result<NoticeCounts, JournalError> {
        let instance = instance.to_owned();
        self.read(move |c| incidents::counts(c, &instance)).await
    }

    /// Something died, and this was found. What is known of that death already stays; a later one of
    /// the same spell is put together with it by `merge`. Its number.
    ///
    /// # Errors
    /// It can't be written.
    pub async fn died(&self, instance: &str, found: PostMortem, merge: Merge) -> Result<i64, JournalError> {
        let instance = instance.to_owned();
        self.durably(move |c| postmortems::keep(c, &instance, found, merge)).await
    }

    /// One post-mortem, with its record.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn post_mortem(&self, id: i64) -> Result<Option<PostMortem>, JournalError> {
        self.read(move |c| postmortems::by_number(c, id)).await
    }

    /// Post-mortems, the newest death first, without their records.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn post_mortems(&self, query: Query) -> Result<Vec<PostMortem>, JournalError> {
        self.read(move |c| postmortems::all(c, &query)).await
    }

    fn claimed(&self, operation: i64) -> Result<Claim, JournalError> {
        self.claims.of(operation).ok_or(JournalError::Lost { operation })
    }

    /// Write, and wait until it is on the disk.
    async fn durably<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.write(true, work).await
    }

    /// Write; the disk has it a little later. The end of a process can't lose it, a power failure
    /// can.
    async fn lightly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.write(false, work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        durable: bool,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, JournalError> {
        let writer = self.writer.as_ref().ok_or_else(|| JournalError::Unwritable {
            path: self.path.to_path_buf(),
            why: "it was opened to be read".into(),
        })?;
        let work = move |connection: &mut Connection| {
            operations::durable(connection, durable)?;
            work(connection)
        };
        writer.run(work).await.map_err(|fault| fault.of(&self.path))
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.reader.run(work).await.map_err(|fault| fault.of(&self.path))
    }
}
