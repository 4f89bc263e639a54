//! What holds for every plan, whatever the fleet.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::engine::{Act, Create, Mount, Step};
use crate::fleet::{Port, Protocol, State, Verb};
use crate::operate::{Phase, Rule, Unit, Work};

/// What chance may do to a service.
#[derive(Clone, Copy, Debug)]
struct Twist {
    state: u8,
    port: bool,
    address: bool,
    written: bool,
    policy: u8,
    overlap: u8,
}

fn twists() -> impl Strategy<Value = Vec<Twist>> {
    let one = (0_u8..5, any::<bool>(), any::<bool>(), any::<bool>(), 0_u8..4, 0_u8..4);
    let one = one.prop_map(|(state, port, address, written, policy, overlap)| Twist {
        state,
        port,
        address,
        written,
        policy,
        overlap,
    });
    proptest::collection::vec(one, 24)
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Recreate),
        Just(deploy(":next")),
        Just(Change::Deploy { image: None, pull: Pull::Always }),
        (1_u32..7).prop_map(|to| Change::Scale { to }),
        (any::<bool>(), any::<bool>()).prop_map(|(cpus, memory)| Change::Limit {
            cpus: Some(if cpus { 0.0 } else { 1.25 }),
            memory: Some(if memory { 0 } else { 64 << 20 }),
        }),
        Just(Change::Up),
        Just(Change::Down),
        (0_usize..7).prop_map(|verb| Change::Act(Verb::ALL[verb])),
    ]
}

thread_local! {
    /// Made once: a demo's past takes its time to be lived.
    static PLAIN: Set = Set::of(Platform::GroupBuying);
}

fn twisted(twists: &[Twist]) -> Set {
    let mut set = PLAIN.with(Set::clone);
    let services: Vec<ServiceId> = set.fleet.services().map(|s| s.id.clone()).collect();
    let twist = |id: &ServiceId| {
        let at = services.iter().position(|s| s == id).unwrap_or(0);
        twists[at % twists.len()]
    };
    for replica in &mut set.replicas {
        let states = [State::Running, State::Running, State::Exited, State::Paused, State::Restarting];
        replica.state = states[usize::from(twist(&replica.service).state)];
    }
    for blueprint in &mut set.survey.replicas {
        let Some(replica) = set.replicas.iter().find(|r| r.id == blueprint.replica) else { continue };
        let twist = twist(&replica.service);
        let host = Some(("0.0.0.0".parse().unwrap(), 4000));
        let port = Port { container: 80, protocol: Protocol::Tcp, host };
        blueprint.fixed_ports = if twist.port { vec![port] } else { Vec::new() };
        blueprint.addresses = if twist.address { vec!["net 10.0.0.9".into()] } else { Vec::new() };
        let mount = Mount {
            kind: "volume".into(),
            source: "data".into(),
            target: "/data".into(),
            read_only: false,
            anonymous: false,
        };
        blueprint.mounts = if twist.written { vec![mount] } else { Vec::new() };
        blueprint.policy =
            ["no", "always", "unless-stopped", "on-failure:3"][usize::from(twist.policy)].into();
        blueprint.overlap =
            [None, Some("yes"), Some("no"), Some("?")][usize::from(twist.overlap)].map(Into::into);
    }
    set.tell();
    set
}

/// Numbers, waves and names: what whoever carries a plan out relies on.
fn well_formed(plan: &Plan) {
    let mut made: HashMap<u32, &str> = HashMap::new();
    for (i, step) in plan.steps.iter().enumerate() {
        assert_eq!(step.number as usize, i + 1, "numbered from 1 in order");
        let unit = match &step.work {
            Work::Step(work) => work.replica(),
            Work::Gate(gate) => gate.unit.as_ref(),
        };
        match unit {
            Some(Unit::Made(number)) => {
                let name = made.get(number).expect("made by an earlier step");
                assert_eq!(*name, &*step.name, "the name is that of what was made");
            }
            Some(Unit::Is(id)) => {
                let copied = matches!(
                    &step.work,
                    Work::Step(Step::Create(Create { place: crate::engine::Place::Beside, .. }))
                );
                assert!(
                    copied || plan.expects.iter().any(|e| e.replica == *id),
                    "{step:?} is checked before"
                );
            }
            None => {}
        }
        if let Work::Step(Step::Create(_)) = &step.work {
            made.insert(step.number, &step.name);
        }
    }
    let waves: Vec<u16> = plan.steps.iter().map(|s| s.wave).collect();
    assert!(waves.is_sorted() && waves.first() == Some(&0));
    assert!(waves.windows(2).all(|w| w[1] - w[0] <= 1), "no wave is empty: {waves:?}");
    // Nobody's steps go on in two lanes of one wave.
    let mut lanes: HashMap<(u16, &str), HashSet<u16>> = HashMap::new();
    for step in &plan.steps {
        lanes.entry((step.wave, &step.name)).or_default().insert(step.lane);
    }
    assert!(lanes.values().all(|lanes| lanes.len() == 1), "{lanes:?}");
}

/// Where there is a way back, it ends only after the last step that could fail.
fn no_return_comes_last(plan: &Plan) {
    let first = plan.steps.iter().position(|s| s.phase == Phase::Commit);
    if let Some(first) = first {
        assert!(plan.steps[first..].iter().all(|s| s.phase == Phase::Commit), "{plan:#?}");
        assert!(plan.steps[first..].iter().all(|s| s.verb() == Some(Verb::Remove)));
    }
}

/// Every predecessor is stopped if it ran, set aside once, and removed once at the very end.
fn parked_once(plan: &Plan, fleet: &Fleet) {
    for step in &plan.steps {
        let Work::Step(Step::Create(create)) = &step.work else { continue };
        if create.place != crate::engine::Place::Instead {
            continue;
        }
        let old = create.like.is().unwrap();
        let of = |unit: &Unit| unit.is() == Some(old);
        let steps: Vec<&Step<Unit>> = plan
            .steps
            .iter()
            .filter_map(|s| match &s.work {
                Work::Step(step) if step.replica().is_some_and(of) => Some(step),
                _ => None,
            })
            .collect();
        let count = |is: fn(&Step<Unit>) -> bool| steps.iter().filter(|s| is(s)).count();
        let ran = !matches!(fleet.replica(old).unwrap().state, State::Exited | State::Created);
        assert_eq!(count(|s| matches!(s, Step::Create(_))), 1);
        assert_eq!(count(|s| matches!(s, Step::Rename { .. })), 1);
        assert_eq!(count(|s| matches!(s, Step::Act(Act { verb: Verb::Stop, .. }))), usize::from(ran));
        assert_eq!(count(|s| matches!(s, Step::Act(Act { verb: Verb::Remove, .. }))), 1);
        let renamed = steps.iter().find_map(|s| match s {
            Step::Rename { from, to, .. } => Some((from.clone(), to.to_string())),
            _ => None,
        });
        let (from, to) = renamed.unwrap();
        assert_eq!(to, format!("{from}.qd-x7k2q.old"));
        // Its successor is gated if and only if it ran.
        let gates = plan.steps.iter().filter(|s| match &s.work {
            Work::Gate(gate) => {
                gate.unit == Some(Unit::Made(step.number))
                    && gate.rule != Rule::Settles(std::time::Duration::ZERO)
            }
            Work::Step(_) => false,
        });
        assert_eq!(gates.count(), if ran { 2 } else { 0 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_is_sound(twists in twists(), change in changes(), services in proptest::collection::vec(0_usize..19, 1..5), whole in any::<bool>()) {
        let set = twisted(&twists);
        let all: Vec<ServiceId> = set.fleet.services().map(|s| s.id.clone()).collect();
        let targets: Vec<Target> = if whole {
            set.whole()
        } else {
            services.iter().map(|i| Target::Service(all[i % all.len()].clone())).collect()
        };
        match set.plan(change.clone(), &targets) {
            Err(refusal) => {
                prop_assert!(!refusal.to_string().is_empty() && !refusal.remedy().is_empty());
            }
            Ok(plan) => {
                well_formed(&plan);
                if matches!(change, Change::Deploy { .. } | Change::Recreate | Change::Scale { .. } | Change::Limit { .. }) {
                    no_return_comes_last(&plan);
                }
                parked_once(&plan, &set.fleet);
                prop_assert!(!plan.question().is_empty() && !plan.sentence().is_empty());
                let kept = serde_json::to_string(&plan).unwrap();
                let read: Plan = serde_json::from_str(&kept).unwrap();
                prop_assert_eq!(read, plan, "the journal gives back what it was given");
            }
        }
    }
}
