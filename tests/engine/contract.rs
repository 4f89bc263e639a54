//! What every engine promises, whatever stands behind it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use quarterdeck::config::{EngineSettings, Protection};
use quarterdeck::engine::demo::{Demo, DemoOptions, Platform};
use quarterdeck::engine::{Act, Consent, Done, Engine, EngineError, Guard, LogQuery, Order, TermSize};
use quarterdeck::fleet::{
    EventKind, Link, Observation, Replica, ReplicaId, ServiceId, Side, SpareName, State, Verb,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::replace::*;
use crate::support::docker::{Reference, engine};
use crate::support::live::Live;

/// An engine with one disposable running replica of that name.
pub(super) struct Subject {
    pub(super) live: Live,
    pub(super) name: String,
    reference: Option<Reference>,
}

impl Drop for Subject {
    fn drop(&mut self) {
        if let Some(reference) = &self.reference {
            let spares = [Side::New, Side::Old].map(|side| SpareName::of(&self.name, "c0n7r", side));
            reference.remove(&[&self.name, &spares[0], &spares[1]]);
        }
    }
}

pub fn open(host: &str) -> Arc<dyn Engine> {
    let settings = EngineSettings { host: Some(host.to_owned()), context: None };
    quarterdeck::engine::open(&settings, Protection::default())
        .expect("the private engine's address is understood")
}

fn demo() -> Subject {
    let options = DemoOptions { platform: Platform::ALL[0], services: None, seed: 7 };
    let live = Live::watch(|| Arc::new(Demo::new(options)));
    let (name, _) = live.until("a running replica", |fleet| {
        super::support::live::replicas(fleet)
            .into_iter()
            .find(|r| r.state == State::Running && r.number.is_some())
            .map(|r| r.name.to_string())
    });
    Subject { live, name, reference: None }
}

fn docker(test: &str) -> Option<Subject> {
    let reference = engine()?;
    let name = format!("contract-{test}");
    reference.remove(&[&name]);
    reference.run(
        &name,
        &["--stop-timeout", "1"],
        "echo hello; trap 'exit 0' TERM; while :; do sleep 0.1; done",
    );
    let live = Live::watch(|| open(&reference.host));
    Some(Subject { live, name, reference: Some(reference) })
}

pub(super) fn running(subject: &Subject) -> Replica {
    subject.live.replica(&subject.name, "running", |r| r.state == State::Running)
}

fn order(act: Act) -> Order {
    let service = ServiceId { engine: act.replica.engine.clone(), project: None, name: "any".into() };
    Order { service, step: act.into(), consent: Consent::Yes }
}

fn perform(subject: &Subject, act: Act) -> Result<Done, EngineError> {
    subject.live.runtime.block_on(subject.live.engine.perform(order(act)))
}

macro_rules! contract {
    ($($name:ident)*) => {
        mod on_demo { $(#[test] fn $name() { super::$name(&super::demo()); })* }
        mod on_docker {
            $(#[test] fn $name() { if let Some(s) = super::docker(stringify!($name)) { super::$name(&s) } })*
        }
    };
}

contract! {
    begins_with_the_engine_then_the_whole_truth
    every_verb_changes_the_state_and_is_told
    verbs_on_what_is_gone_say_so
    read_only_refuses_every_verb_and_the_shell
    list_tells_the_same_as_watch
    inspect_is_complete_and_masked
    logs_have_the_lines_in_order_with_times
    a_shell_runs_and_ends
    a_command_runs_to_its_end_or_its_limit
    small_steps_are_safe_to_repeat_and_notice_others
    what_is_made_is_like_the_other_one_and_discarded_by_name
    images_are_known_by_id_and_reference_and_what_is_missing_says_so
    a_replica_is_replaced_and_the_replacement_taken_back
}

fn begins_with_the_engine_then_the_whole_truth(subject: &Subject) {
    running(subject);
    // Said right behind the list, not in the same breath.
    subject.live.until("live", |fleet| matches!(fleet.link(), Some(Link::Live)).then_some(()));
    subject.live.look(|seen| {
        let engine = seen.log.iter().position(|o| matches!(o, Observation::Engine(_)));
        let synced = seen.log.iter().position(|o| matches!(o, Observation::Synced { .. }));
        assert!(engine.is_some(), "no Engine observation");
        assert!(engine < synced, "Synced came before Engine");
        let live = seen.log.iter().position(|o| matches!(o, Observation::Link(Link::Live)));
        assert!(live.is_some(), "never said to be live");
    });
}

fn every_verb_changes_the_state_and_is_told(subject: &Subject) {
    let id = running(subject).id;
    let live = &subject.live;
    let go = |verb| perform(subject, Act { force: verb == Verb::Remove, ..Act::new(verb, id.clone()) });
    let is = |what: &str, state| {
        live.replica(&subject.name, what, |r| r.state == state);
    };

    assert_eq!(go(Verb::Start), Ok(Done::Unchanged), "starting what runs changes nothing");
    assert_eq!(go(Verb::Pause), Ok(Done::Changed));
    is("paused", State::Paused);
    assert_eq!(go(Verb::Unpause), Ok(Done::Changed));
    is("running again", State::Running);
    assert_eq!(go(Verb::Restart), Ok(Done::Changed));
    is("running after restart", State::Running);
    assert_eq!(go(Verb::Stop), Ok(Done::Changed));
    is("stopped", State::Exited);
    assert_eq!(go(Verb::Stop), Ok(Done::Unchanged), "stopping what is stopped changes nothing");
    assert!(go(Verb::Pause).is_err(), "what does not run can't be paused");
    assert_eq!(go(Verb::Start), Ok(Done::Changed));
    is("started", State::Running);
    assert_eq!(go(Verb::Kill), Ok(Done::Changed));
    let dead = live.replica(&subject.name, "killed", |r| r.state == State::Exited && r.exit.is_some());
    let exit = dead.exit.unwrap();
    assert_eq!(exit.code, 137);
    assert!(!exit.oom, "a kill is not out of memory");
    assert_eq!(go(Verb::Remove), Ok(Done::Changed));
    live.gone(&subject.name);

    live.look(|seen| {
        let kinds: Vec<&EventKind> =
            seen.fleet.events().filter(|e| e.replica == id).map(|e| &e.kind).collect();
        for want in [EventKind::Paused, EventKind::Unpaused, EventKind::Started, EventKind::Destroyed] {
            assert!(kinds.contains(&&want), "{want:?} was never told; told: {kinds:?}");
        }
        assert!(kinds.iter().any(|k| matches!(k, EventKind::Died(_))), "no death was told; told: {kinds:?}");
    });
}

fn verbs_on_what_is_gone_say_so(subject: &Subject) {
    let mut id = running(subject).id;
    id = ReplicaId { id: "0000000000000000000000000000000000000000000000000000000000000000".into(), ..id };
    for verb in Verb::ALL {
        let result = perform(subject, Act::new(verb, id.clone()));
        assert!(matches!(result, Err(EngineError::Gone { .. })), "{verb}: {result:?}");
    }
    let result = subject.live.runtime.block_on(subject.live.engine.inspect(&id));
    assert!(matches!(result, Err(EngineError::Gone { .. })), "inspect: {result:?}");
}

fn read_only_refuses_every_verb_and_the_shell(subject: &Subject) {
    let before = running(subject);
    let guarded =
        Guard::new(Arc::clone(&subject.live.engine), Protection { read_only: true, ..Protection::default() });
    for verb in Verb::ALL {
        let step = Act { force: true, ..Act::new(verb, before.id.clone()) };
        assert_eq!(
            subject.live.runtime.block_on(guarded.perform(order(step))),
            Err(EngineError::ReadOnly),
            "{verb}"
        );
    }
    let shell =
        subject.live.runtime.block_on(guarded.shell(&before.id, &[], TermSize { cols: 80, rows: 24 }));
    assert!(matches!(shell, Err(EngineError::ReadOnly)));
    if let Some(reference) = &subject.reference {
        let now =
            reference.inspect(&subject.name, "{{.State.Status}} {{.RestartCount}} {{.State.StartedAt}}");
        assert!(now.starts_with("running 0 "), "something was done all the same: {now}");
    }
}

fn list_tells_the_same_as_watch(subject: &Subject) {
    let watched = running(subject);
    let listed = subject.live.runtime.block_on(subject.live.engine.list(false)).expect("list works");
    let replica = listed
        .iter()
        .find_map(|o| match o {
            Observation::Synced { replicas, .. } => replicas.iter().find(|r| r.id == watched.id),
            _ => None,
        })
        .expect("the replica is listed");
    assert_eq!(
        (&replica.name, &replica.service, replica.state),
        (&watched.name, &watched.service, watched.state)
    );
    assert!(replica.restarts.is_some(), "list inspects");
    assert!(replica.started.is_some(), "list inspects");
}

fn inspect_is_complete_and_masked(subject: &Subject) {
    let id = running(subject).id;
    let details = subject.live.runtime.block_on(subject.live.engine.inspect(&id)).expect("inspect works");
    assert_eq!(details.replica.id, id);
    assert!(!details.command.is_empty());
    assert!(!details.restart_policy.is_empty());
    assert!(!details.log_driver.is_empty());
    assert!(details.raw.is_object());
}

fn logs_have_the_lines_in_order_with_times(subject: &Subject) {
    let id = running(subject).id;
    let engine = &subject.live.engine;
    let text = subject.live.runtime.block_on(async {
        // The first line may be a moment away from a replica that has just started.
        for _ in 0..100 {
            let mut stream = engine.logs(&id, &LogQuery { tail: Some(50), ..LogQuery::default() });
            let mut text = String::new();
            while let Some(chunk) = stream.next().await {
                text.push_str(&String::from_utf8_lossy(&chunk.expect("logs can be read").bytes));
            }
            if !text.is_empty() {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        String::new()
    });
    let mut last = None;
    let mut lines = 0;
    for line in text.lines().filter(|l| !l.is_empty()) {
        let stamp = line.split(' ').next().unwrap();
        let at: jiff::Timestamp = stamp.parse().unwrap_or_else(|e| panic!("no time stamp on {line:?}: {e}"));
        assert!(last.is_none_or(|last| last <= at), "out of order: {line}");
        last = Some(at);
        lines += 1;
    }
    assert!(lines > 0, "no lines at all");
    assert!(lines <= 50, "tail was ignored: {lines} lines");
}

fn a_shell_runs_and_ends(subject: &Subject) {
    let id = running(subject).id;
    let engine = Arc::clone(&subject.live.engine);
    subject.live.runtime.block_on(async move {
        let mut shell =
            engine.shell(&id, &[], TermSize { cols: 80, rows: 24 }).await.expect("a shell starts");
        (shell.resize)(TermSize { cols: 100, rows: 30 }).await;
        shell.input.write_all(b"exit\n").await.unwrap();
        shell.input.flush().await.unwrap();
        let mut output = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), shell.output.read_to_end(&mut output)).await;
        assert!(read.is_ok(), "the shell did not end; it said {:?}", String::from_utf8_lossy(&output));
        let _ = shell.exit.await;
    });
}

fn a_command_runs_to_its_end_or_its_limit(subject: &Subject) {
    let id = running(subject).id;
    let engine = Arc::clone(&subject.live.engine);
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    subject.live.runtime.block_on(async move {
        let long = Duration::from_secs(20);
        let said = engine.exec(&id, &words(&["echo", "all", "well"]), long).await.unwrap();
        assert_eq!((said.code, &said.stdout[..], &said.stderr[..]), (0, &b"all well\n"[..], &b""[..]));
        let failed = engine.exec(&id, &words(&["sh", "-c", "exit 3"]), long).await.unwrap();
        assert_eq!(failed.code, 3);
        let overran = engine.exec(&id, &words(&["sleep", "5"]), Duration::from_millis(300)).await;
        assert!(matches!(overran, Err(EngineError::Overran { .. })), "{overran:?}");
        let nobody = ReplicaId { engine: id.engine.clone(), id: "0".repeat(64).into() };
        let gone = engine.exec(&nobody, &words(&["true"]), long).await;
        assert!(matches!(gone, Err(EngineError::Gone { .. })), "{gone:?}");
    });
}
