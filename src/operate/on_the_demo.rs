//! Operations from intent to outcome on the demo, as a user would try them there: what works, what
//! does not and comes back, on every kind of service it has.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Bridge, Change, Control, End, Intent, JobId, LookError, Options, Outcome, Plan, Progress, Pull, Refusal,
    Target, plan, run, survey, token,
};
use crate::config::Settings;
use crate::engine::demo::{Demo, DemoOptions, Platform};
use crate::engine::{Consent, Engine};
use crate::fleet::{EngineId, Fleet, HealthCheck, Image, Replica, ReplicaId, Role, ServiceId, State, Verb};
use crate::journal::Who;
use crate::probe::{Examiner, Rules};

struct Yard {
    demo: Arc<Demo>,
    project: Option<&'static str>,
    rules: Rules,
}

/// What is to be the same again after something was undone.
type Picture = BTreeMap<ReplicaId, (Arc<str>, Role, Image, bool)>;

impl Yard {
    fn new(platform: Platform, project: Option<&'static str>) -> Self {
        let start: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let options = DemoOptions { platform, services: None, seed: 7 };
        Self { demo: Arc::new(Demo::starting_at(options, start)), project, rules: Rules::default() }
    }

    fn id(&self, service: &str) -> ServiceId {
        ServiceId {
            engine: EngineId::new("demo"),
            project: self.project.map(Into::into),
            name: service.into(),
        }
    }

    async fn fleet(&self) -> Fleet {
        let mut fleet = Fleet::new();
        for observation in self.demo.list(true).await.unwrap() {
            fleet.apply(observation);
        }
        fleet
    }

    async fn all(&self, service: &str) -> Vec<Replica> {
        let fleet = self.fleet().await;
        fleet.replicas_of(&self.id(service)).filter(|r| r.role != Role::Job).cloned().collect()
    }

    async fn picture(&self, service: &str) -> Picture {
        let all = self.all(service).await;
        all.into_iter()
            .map(|r| (r.id.clone(), (r.name.clone(), r.role, r.image.clone(), r.is_up())))
            .collect()
    }

    async fn plan(&self, change: Change, target: Target) -> Result<Plan, Refusal> {
        let engine: Arc<dyn Engine> = self.demo.clone();
        let intent = Intent { change, targets: vec![target] };
        let fleet = self.fleet().await;
        let survey = match survey(engine, &intent, &fleet).await {
            Ok(survey) => survey,
            Err(LookError::Refused(refusal)) => return Err(refusal),
            Err(LookError::Engine(error)) => panic!("{error}"),
        };
        plan(&intent, &fleet, &survey, &Options { token: token(), ..Options::default() })
    }

    async fn run(&self, plan: Plan) -> Outcome {
        let bridge = Bridge {
            engine: self.demo.clone(),
            instance: "demo".into(),
            host: "demo-host".into(),
            journal: None,
            who: Who::default(),
            examiner: Some(Examiner::new(self.rules.clone(), self.demo.clone(), self.fleet().await.engine())),
        };
        let mut told = run(bridge, JobId(1), plan, Consent::Yes, Control::default());
        while let Some(progress) = told.recv().await {
            if let Progress::Finished { outcome, .. } = progress {
                return outcome;
            }
        }
        panic!("it never finished")
    }

    async fn change(&self, service: &str, change: Change) -> Outcome {
        let plan = self.plan(change, Target::Service(self.id(service))).await.unwrap();
        self.run(plan).await
    }

    async fn deploy(&self, service: &str, image: &str) -> Outcome {
        self.change(service, Change::Deploy { image: Some(image.into()), pull: Pull::Missing }).await
    }

    async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

#[track_caller]
fn done(outcome: &Outcome) {
    assert_eq!(outcome.end, End::Done, "{}", outcome.sentence());
}

#[tokio::test(start_paused = true)]
async fn a_rollback_ends_the_crash_loop_in_seconds() {
    let yard = Yard::new(Platform::GroupBuying, Some("group-buying"));
    let id = yard.id("payment-service");
    let before = yard.all("payment-service").await;
    let [.., earlier, current] =
        &yard.demo.history().into_iter().filter(|r| r.service == id).collect::<Vec<_>>()[..]
    else {
        panic!("it has a past")
    };
    assert_eq!((earlier.image.tag(), current.image.tag()), ("1.3.9", "1.4.2"));
    let change = Change::Rollback { to: earlier.image.clone(), revision: Some(earlier.number) };
    let outcome = yard.change("payment-service", change).await;
    done(&outcome);
    assert!((5..25).contains(&outcome.took.as_secs()), "{:?}", outcome.took);
    let now = yard.all("payment-service").await;
    assert_eq!(now.len(), 1, "nothing is left over");
    assert_eq!((&now[0].name, &now[0].image, now[0].role), (&before[0].name, &earlier.image, Role::Replica));
    yard.pass(120).await;
    let now = yard.all("payment-service").await;
    assert_eq!((now[0].check, now[0].restarts), (HealthCheck::Healthy, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_no_good_comes_back_as_it_was() {
    for (tag, longest) in [("3.1.0", 40), ("4.0.0", 15), ("3.0.3", 25), ("9.9.9", 5)] {
        let yard = Yard::new(Platform::GroupBuying, Some("group-buying"));
        let before = yard.picture("auth-service").await;
        let outcome = yard.deploy("auth-service", &format!("group-buying/auth-service:{tag}")).await;
        assert!(
            matches!(outcome.end, End::Undone { .. } | End::Refused { .. }),
            "{tag}: {}",
            outcome.sentence()
        );
        assert!(outcome.took.as_secs() < longest, "{tag}: {:?}", outcome.took);
        assert_eq!(yard.picture("auth-service").await, before, "{tag}");
        yard.pass(20).await;
        assert_eq!(yard.all("auth-service").await[0].check, HealthCheck::Healthy, "{tag}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_release_replaces_one_with_a_gap_and_several_without() {
    let yard = Yard::new(Platform::GroupBuying, Some("group-buying"));
    let outcome = yard.deploy("auth-service", "group-buying/auth-service:3.0.2").await;
    done(&outcome);
    assert!((5..20).contains(&outcome.took.as_secs()), "{:?}", outcome.took);

    let image = Some("group-buying/order-service:2.1.1".into());
    let change = Change::Deploy { image, pull: Pull::Missing };
    let plan = yard.plan(change, Target::Service(yard.id("order-service"))).await.unwrap();
    let work = yard.run(plan);
    tokio::pin!(work);
    let mut least = usize::MAX;
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = tokio::time::sleep(Duration::from_millis(200)) => {
                let up = yard.all("order-service").await.iter().filter(|r| r.is_up()).count();
                least = least.min(up);
            }
        }
    };
    done(&outcome);
    assert_eq!(least, 3, "never fewer than before");
    let now = yard.all("order-service").await;
    assert_eq!(now.len(), 3);
    assert!(now.iter().all(|r| r.image.tag() == "2.1.1" && r.role == Role::Replica));
}

#[tokio::test(start_paused = true)]
async fn it_is_scaled_up_and_down_and_says_why_not() {
    let yard = Yard::new(Platform::GroupBuying, Some("group-buying"));
    let before = yard.picture("order-service").await;
    for want in [5, 3] {
        done(&yard.change("order-service", Change::Scale { to: want }).await);
        let now = yard.all("order-service").await;
        assert_eq!(now.len(), want as usize);
        assert!(now.iter().all(Replica::is_up));
    }
    assert_eq!(yard.picture("order-service").await, before, "those that stay were not touched");
    let fixed = yard.plan(Change::Scale { to: 2 }, Target::Service(yard.id("auth-service"))).await;
    assert!(fixed.unwrap_err().to_string().contains("3001"));
    let yard = Yard::new(Platform::Payments, Some("payments"));
    let named = yard.plan(Change::Scale { to: 2 }, Target::Service(yard.id("redis"))).await;
    let refusal = named.unwrap_err();
    assert!(refusal.to_string().contains("name"), "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn limits_change_in_place_and_a_recreate_makes_the_same_anew() {
    let yard = Yard::new(Platform::GroupBuying, Some("group-buying"));
    let before = yard.all("auth-service").await.remove(0);
    done(&yard.change("auth-service", Change::Limit { cpus: Some(0.5), memory: Some(256 << 20) }).await);
    let limited = yard.all("auth-service").await.remove(0);
    assert_eq!((limited.limits.cpus, limited.limits.memory), (Some(0.5), Some(256 << 20)));
    assert_eq!((&limited.id, limited.started), (&before.id, before.started));

    done(&yard.change("auth-service", Change::Recreate).await);
    let anew = yard.all("auth-service").await;
    assert_eq!(anew.len(), 1);
    assert_ne!(anew[0].id, limited.id);
    assert_eq!(
        (&anew[0].image, anew[0].limits, anew[0].spec),
        (&limited.image, limited.limits, limited.spec)
    );
    // A limit taken away takes a new one, too.
    done(&yard.change("auth-service", Change::Limit { cpus: None, memory: Some(0) }).await);
    let free = yard.all("auth-service").await.remove(0);
    assert_eq!((free.limits.cpus, free.limits.memory), (Some(0.5), None));
    assert_ne!(free.id, anew[0].id);
}

#[tokio::test(start_paused = true)]
async fn a_project_goes_down_and_comes_up_again() {
    let yard = Yard::new(Platform::Payments, Some("payments"));
    let project = Target::Project(Some("payments".into()));
    let plan = yard.plan(Change::Down, project.clone()).await.unwrap();
    done(&yard.run(plan).await);
    for service in ["api", "postgres", "nginx"] {
        assert_eq!(yard.all(service).await[0].state, State::Exited, "{service} stays, stopped");
    }
    let plan = yard.plan(Change::Up, project).await.unwrap();
    done(&yard.run(plan).await);
    let (api, postgres) = (yard.all("api").await.remove(0), yard.all("postgres").await.remove(0));
    assert_eq!((api.check, postgres.check), (HealthCheck::Healthy, HealthCheck::Healthy));
    assert!(postgres.started < api.started, "what is depended on comes first");
}

#[tokio::test(start_paused = true)]
async fn a_moved_tag_is_deployed_and_rolled_back_by_its_image() {
    let yard = Yard::new(Platform::RetailPos, None);
    let before = yard.all("pos-api").await.remove(0);
    done(&yard.change("pos-api", Change::Deploy { image: None, pull: Pull::Always }).await);
    let moved = yard.all("pos-api").await;
    assert_eq!(moved.len(), 1);
    assert_eq!(&*moved[0].image.reference, "retail/pos-api:latest");
    assert_ne!(moved[0].image.id, before.image.id);
    done(&yard.change("pos-api", Change::Rollback { to: before.image.clone(), revision: None }).await);
    let back = yard.all("pos-api").await;
    assert_eq!((back.len(), &back[0].name, &back[0].image.id), (1, &before.name, &before.image.id));
}

#[tokio::test(start_paused = true)]
async fn what_the_engine_looks_after_is_steered() {
    let yard = Yard::new(Platform::CloudPos, Some("cloudpos"));
    let name = "transaction-service";
    let running = async || {
        let all = yard.all(name).await;
        all.into_iter().filter(|r| r.role == Role::Replica && r.is_up()).collect::<Vec<_>>()
    };
    done(&yard.change(name, Change::Scale { to: 5 }).await);
    assert_eq!(running().await.len(), 5);
    done(&yard.change(name, Change::Scale { to: 2 }).await);
    assert_eq!(running().await.len(), 2);
    done(&yard.deploy(name, "cloudpos/transaction-service:1.12.2").await);
    assert!(running().await.iter().all(|r| r.image.tag() == "1.12.2"));

    let outcome = yard.deploy(name, "cloudpos/transaction-service:2.0.0").await;
    assert!(matches!(outcome.end, End::Undone { .. }), "{}", outcome.sentence());
    yard.pass(30).await;
    let now = running().await;
    assert_eq!(now.len(), 2);
    assert!(now.iter().all(|r| r.image.tag() == "1.12.2"));
    done(&yard.change(name, Change::Act(Verb::Restart)).await);
}

#[tokio::test(start_paused = true)]
async fn while_a_colleague_is_at_it_her_service_is_hers() {
    let yard = Yard::new(Platform::GroupBuying, Some("group-buying"));
    yard.pass(25).await;
    let recreate = |yard: &Yard| (Change::Recreate, Target::Service(yard.id("wallet-service")));
    let (change, target) = recreate(&yard);
    let refusal = yard.plan(change, target).await.unwrap_err();
    assert!(refusal.to_string().contains("wallet-service"), "{refusal}");
    yard.pass(20).await;
    let (change, target) = recreate(&yard);
    let plan = yard.plan(change, target).await.unwrap();
    done(&yard.run(plan).await);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_runs_and_does_not_answer_is_no_good_either() {
    let config = "[[probe]]\nservice = '*/auth-service'\nhttp = '/no-such-page'\nport = 3001";
    let rules = Rules::new(&Settings::read("c.toml", config).unwrap().probes);
    let yard = Yard { rules, ..Yard::new(Platform::GroupBuying, Some("group-buying")) };
    let before = yard.picture("auth-service").await;
    // This one works, by what its own check says.
    let outcome = yard.deploy("auth-service", "group-buying/auth-service:3.0.2").await;
    let End::Undone { why } = &outcome.end else { panic!("{}", outcome.sentence()) };
    assert!(why.contains("runs and does not answer as it should after"), "{why}");
    assert!(why.ends_with("http /no-such-page: status 404, wanted 200-399"), "{why}");
    assert_eq!(yard.picture("auth-service").await, before);
}
