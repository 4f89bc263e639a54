//! The scheduler under a clock that only moves when everybody sleeps, with attempts that are told
//! what to come to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::time::sleep;

use super::book::{SICK_SLOTS, SLOTS};
use super::*;
use crate::fleet::{EngineId, Purpose, ReplicaId, ServiceId, Standing};
use crate::probe::attempt::{Attempt, Outcome};
use crate::probe::target::{Check, Goal, Pace, Source, Target};

fn target(name: &str, interval: u64) -> Arc<Target> {
    let engine = EngineId::new("docker");
    Arc::new(Target {
        service: ServiceId { engine: engine.clone(), project: None, name: name.into() },
        replica: Some(ReplicaId { engine, id: name.into() }),
        name: "tcp".into(),
        purpose: Purpose::Liveness,
        source: Source::Config(1),
        check: Check::Tcp,
        goal: Goal::Inside,
        pace: Pace {
            interval: Duration::from_secs(interval),
            timeout: Duration::from_secs(3),
            retries: 2,
            start_period: Duration::ZERO,
        },
        started: None,
    })
}

fn all(targets: &[Arc<Target>]) -> Targets {
    Arc::new(targets.iter().map(|target| (target.key(), target.clone())).collect())
}

/// What attempts come to, and what happened to them.
#[derive(Default)]
struct Stage {
    /// By service: how long an attempt takes, and whether it passes. Else at once, and it does.
    acts: Mutex<HashMap<String, (Duration, bool)>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// When each service's attempts began, seconds since the beginning.
    began: HashMap<String, Vec<f64>>,
    now: usize,
    most: usize,
    /// Attempts of one service side by side, at most.
    most_of_one: usize,
    by_service: HashMap<String, usize>,
}

impl Stage {
    fn act(&self, service: &str, takes: u64, passes: bool) {
        self.acts.lock().unwrap().insert(service.into(), (Duration::from_secs(takes), passes));
    }

    fn began(&self, service: &str) -> Vec<f64> {
        self.seen.lock().unwrap().began.get(service).cloned().unwrap_or_default()
    }
}

struct Play {
    stage: Arc<Stage>,
    targets: watch::Sender<Targets>,
    told: mpsc::Receiver<Observation>,
}

fn play(targets: &[Arc<Target>]) -> Play {
    let stage = Arc::new(Stage::default());
    let (sender, receiver) = watch::channel(all(targets));
    let (tell, told) = mpsc::channel(1024);
    let start = Instant::now();
    let on = stage.clone();
    let attempt: Try<Target> = Arc::new(move |target| {
        let on = on.clone();
        async move {
            let name = target.service.name.to_string();
            let (takes, passes) =
                on.acts.lock().unwrap().get(&name).copied().unwrap_or((Duration::ZERO, true));
            {
                let mut seen = on.seen.lock().unwrap();
                seen.began.entry(name.clone()).or_default().push(start.elapsed().as_secs_f64());
                seen.now += 1;
                seen.most = seen.most.max(seen.now);
                let own = seen.by_service.entry(name.clone()).or_default();
                *own += 1;
                let own = *own;
                seen.most_of_one = seen.most_of_one.max(own);
            }
            sleep(takes).await;
            let mut seen = on.seen.lock().unwrap();
            seen.now -= 1;
            *seen.by_service.get_mut(&name).unwrap() -= 1;
            let outcome = if passes { Outcome::Passed } else { Outcome::Failed("no".into()) };
            Attempt { at: Timestamp::now(), took: Some(takes), outcome, certificate: None }
        }
        .boxed()
    });
    tokio::spawn(run(attempt, receiver, tell));
    Play { stage, targets: sender, told }
}

/// What was told until `time` from now.
async fn told(play: &mut Play, time: u64) -> Vec<Observation> {
    let end = Instant::now() + Duration::from_secs(time);
    let mut out = Vec::new();
    while let Ok(Some(observation)) = tokio::time::timeout_at(end, play.told.recv()).await {
        out.push(observation);
    }
    out
}

/// How a service stood, each time that was told.
fn standings(told: &[Observation], service: &str) -> Vec<Standing> {
    let probed =
        told.iter().flat_map(|o| if let Observation::Probed(all) = o { all.as_slice() } else { &[] });
    probed.filter(|p| &*p.service.name == service).map(|p| p.standing).collect()
}

#[tokio::test(start_paused = true)]
async fn each_target_has_its_turn_at_its_interval() {
    let mut play = play(&[target("quick", 2), target("slow", 20)]);
    let told = told(&mut play, 100).await;
    for (name, interval) in [("quick", 2.0), ("slow", 20.0)] {
        let began = play.stage.began(name);
        assert!(began[0] <= 2.0, "soon after the beginning: {began:?}");
        for pair in began.windows(2) {
            let rest = pair[1] - pair[0];
            assert!((interval * 0.899..=interval * 1.001).contains(&rest), "{name}: {rest}");
        }
        // The last may still be waiting for others to be told with.
        let told = standings(&told, name).len();
        assert!(told == began.len() || told + 1 == began.len(), "every attempt is told: {told}, {began:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_hangs_costs_its_own_slot_only_and_nothing_is_tried_twice_at_once() {
    let names: Vec<String> = (0..400).map(|n| format!("hung-{n}")).collect();
    let mut targets: Vec<_> = names.iter().map(|name| target(name, 10)).collect();
    targets.extend((0..20).map(|n| target(&format!("well-{n}"), 10)));
    let mut play = play(&targets);
    for name in &names {
        play.stage.act(name, 3, false);
    }
    told(&mut play, 300).await;
    let seen = play.stage.seen.lock().unwrap();
    assert!(seen.most <= SLOTS && seen.most >= SICK_SLOTS, "{}", seen.most);
    assert_eq!(seen.most_of_one, 1);
    for n in 0..20 {
        // Once everybody knows what hangs, the rest goes on as if it were not there.
        let began: Vec<f64> =
            seen.began[&format!("well-{n}")].iter().copied().filter(|at| *at > 60.0).collect();
        assert!(began.len() >= 23, "{began:?}");
        for pair in began.windows(2) {
            assert!(pair[1] - pair[0] <= 10.01, "well-{n} waited: {began:?}");
        }
    }
    for name in &names {
        assert!(seen.began[name].len() >= 5, "{name} has its turn too");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_told_within_interval_times_retries_and_so_is_its_end() {
    for takes in [0, 3] {
        let mut play = play(&[target("api", 10)]);
        assert_eq!(standings(&told(&mut play, 5).await, "api"), [Standing::Passing]);
        play.stage.act("api", takes, false);
        let within = told(&mut play, 2 * 10).await;
        assert_eq!(standings(&within, "api").last(), Some(&Standing::Failing), "takes {takes} s");
        play.stage.act("api", 0, true);
        assert_eq!(standings(&told(&mut play, 10).await, "api").last(), Some(&Standing::Passing));
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_is_told_to_be_gone_and_what_comes_begins_anew() {
    let (api, db) = (target("api", 10), target("db", 10));
    let mut play = play(&[api.clone(), db.clone()]);
    play.stage.act("api", 3, false);
    let first = told(&mut play, 30).await;
    assert_eq!(standings(&first, "api").last(), Some(&Standing::Failing));
    assert!(standings(&first, "db").iter().all(|s| *s == Standing::Passing));

    // Gone while its attempt is under way: nothing more is heard of it.
    play.targets.send(all(std::slice::from_ref(&db))).unwrap();
    let then = told(&mut play, 30).await;
    assert!(
        then.iter().any(|o| matches!(o, Observation::Unprobed { service, .. } if service == &api.service))
    );
    assert_eq!(standings(&then, "api"), []);

    // Back, and at another address: failures of before do not count.
    let mut moved = (*api).clone();
    moved.goal = Goal::Url("http://elsewhere/".into());
    play.targets.send(all(&[Arc::new(moved), db])).unwrap();
    let again = told(&mut play, 4).await;
    assert_eq!(standings(&again, "api").first().copied().unwrap_or_default(), Standing::Starting);
}

#[tokio::test(start_paused = true)]
async fn a_start_time_that_becomes_known_makes_no_other_target() {
    let api = target("api", 10);
    let mut play = play(std::slice::from_ref(&api));
    told(&mut play, 5).await;
    let known = Target { started: Some(Timestamp::UNIX_EPOCH), ..(*api).clone() };
    play.targets.send(all(&[Arc::new(known.clone())])).unwrap();
    assert!(!told(&mut play, 30).await.iter().any(|o| matches!(o, Observation::Unprobed { .. })));
    let restarted = Target { started: Some(Timestamp::UNIX_EPOCH + Duration::from_secs(9)), ..known };
    play.targets.send(all(&[Arc::new(restarted)])).unwrap();
    assert!(told(&mut play, 30).await.iter().any(|o| matches!(o, Observation::Unprobed { .. })));
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_listens_or_says_what_to_probe() {
    let (sender, receiver) = watch::channel(all(&[target("api", 10)]));
    let (tell, told) = mpsc::channel(1);
    let never: Try<Target> = Arc::new(|_| std::future::pending().boxed());
    let running = tokio::spawn(run(never.clone(), receiver, tell));
    sleep(Duration::from_secs(30)).await;
    drop(told);
    running.await.unwrap();
    drop(sender);
    let (sender, receiver) = watch::channel(all(&[]));
    let (tell, _told) = mpsc::channel(1);
    let running = tokio::spawn(run(never, receiver, tell));
    drop(sender);
    running.await.unwrap();
}
