//! Killed at every point of every step, forward and back; then finished, and undone: at the end
//! exactly the new, or exactly the old replicas.

use super::super::trap::Point;
use super::Notes;
use super::plans::{Style, Went, deploy, resume, scale_down, scale_up, trapped, yard};
use crate::fleet::ReplicaId;
use crate::journal::OperationState;
use crate::operate::testing::{Life, Yard};
use crate::operate::{Direction, End, Phase, Plan, Resume, Rule, Work};

type Replicas = Vec<(ReplicaId, String)>;

/// What is killed.
struct Scene {
    name: &'static str,
    replicas: usize,
    plan: fn(&Replicas) -> Plan,
    /// How it looks afterwards, names and images.
    after: &'static [&'static str],
}

const SCENES: [Scene; 4] = [
    Scene {
        name: "deploy with a gap",
        replicas: 2,
        plan: |replicas| deploy(replicas, "v2", Style::Gap, &Rule::Healthy),
        after: &["api-1 v2 running always", "api-2 v2 running always"],
    },
    Scene {
        name: "deploy with overlap",
        replicas: 2,
        plan: |replicas| deploy(replicas, "v2", Style::Overlap, &Rule::Healthy),
        after: &["api-1 v2 running always", "api-2 v2 running always"],
    },
    Scene {
        name: "scale up",
        replicas: 1,
        plan: |replicas| scale_up(replicas, 2),
        after: &["api-1 v1 running always", "api-2 v1 running always", "api-3 v1 running always"],
    },
    Scene {
        name: "scale down",
        replicas: 3,
        plan: |replicas| scale_down(replicas, 1),
        after: &["api-1 v1 running always"],
    },
];

fn points(direction: Direction, steps: usize) -> Vec<Point> {
    let mut points = Vec::new();
    for number in 1..=u32::try_from(steps).unwrap() {
        points.extend([
            Point::Before(direction, number),
            Point::MidBefore(direction, number),
            Point::MidAfter(direction, number),
            Point::After(direction, number),
        ]);
    }
    points
}

fn before(replicas: &Replicas) -> Vec<String> {
    replicas.iter().map(|(_, name)| format!("{name} v1 running always")).collect()
}

/// Finish or undo what was left, and see that it ended so.
async fn end(scene: &Scene, yard: &Yard, notes: &Notes, replicas: &Replicas, how: Resume, at: &str) {
    let committed = {
        let plan = (scene.plan)(replicas);
        let gone = |s: &&crate::operate::PlannedStep| {
            s.phase == Phase::Commit && s.replica().is_some_and(|id| yard.missing(id))
        };
        plan.steps.iter().any(|s| gone(&s))
    };
    let outcome = resume(yard, notes, how).await;
    match (how, &outcome.end) {
        (Resume::Finish, End::Done) => {
            assert_eq!(yard.picture(), scene.after, "{} {at}", scene.name);
            assert_eq!(notes.state(), OperationState::Done, "{} {at}", scene.name);
        }
        (Resume::Undo, End::Undone { .. }) => {
            assert_eq!(yard.picture(), before(replicas), "{} {at}", scene.name);
            for (id, name) in replicas {
                assert_eq!(yard.named(name).as_ref(), Some(id), "{} {at}: the very ones", scene.name);
            }
            assert_eq!(notes.state(), OperationState::Undone, "{} {at}", scene.name);
        }
        (Resume::Undo, End::Refused { .. }) if committed => {
            assert!(!notes.state().ended());
            let outcome = resume(yard, notes, Resume::Finish).await;
            assert!(outcome.ok(), "{} {at}: {outcome:#?}", scene.name);
            assert_eq!(yard.picture(), scene.after, "{} {at}", scene.name);
        }
        _ => panic!("{} {at} {how:?}: {outcome:#?}\n{:?}\n{:?}", scene.name, yard.picture(), notes.steps()),
    }
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_on_the_way_forward() {
    let mut cases = 0;
    for scene in &SCENES {
        let steps = (scene.plan)(&yard(scene.replicas).1).steps.len();
        let mut all = points(Direction::Forward, steps);
        all.extend([Point::Recorded, Point::Ending]);
        for point in all {
            for how in [Resume::Finish, Resume::Undo] {
                let (yard, replicas) = yard(scene.replicas);
                let notes = Notes::default();
                let plan = (scene.plan)(&replicas);
                let Went::Killed = trapped(&yard, &notes, Ok(&plan), point, None).await else {
                    panic!("{}: it never came to {point:?}", scene.name)
                };
                end(scene, &yard, &notes, &replicas, how, &format!("{point:?}")).await;
                cases += 1;
            }
        }
    }
    println!("killed on the way forward, then finished or undone: {cases} cases");
}

#[tokio::test(start_paused = true)]
async fn killed_with_the_host_anywhere_on_the_way_forward() {
    let mut cases = 0;
    for scene in &SCENES {
        let steps = (scene.plan)(&yard(scene.replicas).1).steps.len();
        for point in points(Direction::Forward, steps) {
            for how in [Resume::Finish, Resume::Undo] {
                let (yard, replicas) = yard(scene.replicas);
                let notes = Notes::default();
                let plan = (scene.plan)(&replicas);
                let Went::Killed = trapped(&yard, &notes, Ok(&plan), point, None).await else {
                    panic!("{}: it never came to {point:?}", scene.name)
                };
                yard.reboot();
                end(scene, &yard, &notes, &replicas, how, &format!("{point:?}")).await;
                cases += 1;
            }
        }
    }
    println!("killed with the host, then finished or undone: {cases} cases");
}

/// What a plan is turned back by: at its last step forward.
fn last_forward(plan: &Plan) -> u32 {
    plan.steps.iter().rfind(|s| s.phase == Phase::Forward).unwrap().number
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_on_the_way_back() {
    let mut cases = 0;
    for scene in &SCENES {
        let steps = (scene.plan)(&yard(scene.replicas).1).steps.len();
        let mut all = points(Direction::Back, steps);
        all.push(Point::Undoing);
        for point in all {
            for how in [Resume::Finish, Resume::Undo] {
                let (yard, replicas) = yard(scene.replicas);
                let notes = Notes::default();
                let plan = (scene.plan)(&replicas);
                let went = trapped(&yard, &notes, Ok(&plan), point, Some(last_forward(&plan))).await;
                if let Went::Ended(outcome) = went {
                    // A gate, or what clears up: there is nothing of it to take back.
                    let (Point::Before(_, n)
                    | Point::MidBefore(_, n)
                    | Point::MidAfter(_, n)
                    | Point::After(_, n)) = point
                    else {
                        panic!("{}: it never came to {point:?}", scene.name)
                    };
                    let step = plan.steps.iter().find(|s| s.number == n).unwrap();
                    let gate = matches!(step.work, Work::Gate(_)) || step.phase == Phase::Commit;
                    assert!(gate, "{}: it never came to {point:?}", scene.name);
                    assert!(matches!(outcome.end, End::Undone { .. }), "{outcome:#?}");
                    continue;
                }
                end(scene, &yard, &notes, &replicas, how, &format!("{point:?}")).await;
                cases += 1;
            }
        }
    }
    println!("killed on the way back, then finished or undone: {cases} cases");
}

#[tokio::test(start_paused = true)]
async fn killed_again_while_it_is_finished_or_undone() {
    let mut cases = 0;
    for scene in &SCENES {
        let steps = (scene.plan)(&yard(scene.replicas).1).steps.len();
        let firsts: Vec<Point> = points(Direction::Forward, steps)
            .into_iter()
            .filter(|p| matches!(p, Point::MidBefore(..) | Point::MidAfter(..)))
            .collect();
        for (n, first) in firsts.iter().enumerate() {
            for (how, direction) in [(Resume::Finish, Direction::Forward), (Resume::Undo, Direction::Back)] {
                // Every other place would be thousands of cases; a different few for each first one.
                for second in points(direction, steps).into_iter().skip(n % 31).step_by(31) {
                    for last in [Resume::Finish, Resume::Undo] {
                        let (yard, replicas) = yard(scene.replicas);
                        let notes = Notes::default();
                        let plan = (scene.plan)(&replicas);
                        let Went::Killed = trapped(&yard, &notes, Ok(&plan), *first, None).await else {
                            panic!("{}: it never came to {first:?}", scene.name)
                        };
                        let went = trapped(&yard, &notes, Err(how), second, None).await;
                        if matches!(went, Went::Ended(_)) {
                            continue;
                        }
                        let at = format!("{first:?}, {how:?}, {second:?}");
                        end(scene, &yard, &notes, &replicas, last, &at).await;
                        cases += 1;
                    }
                }
            }
        }
    }
    println!("killed twice: {cases} cases");
}

#[tokio::test(start_paused = true)]
async fn a_finish_that_fails_goes_back() {
    for number in 1..=8 {
        let (yard, replicas) = yard(1);
        let notes = Notes::default();
        let plan = deploy(&replicas, "v2", Style::Gap, &Rule::Healthy);
        let point = Point::MidAfter(Direction::Forward, number);
        assert!(matches!(trapped(&yard, &notes, Ok(&plan), point, None).await, Went::Killed));
        // While nobody looked, the new version turned out to be no good.
        yard.life("v2", Life::Sick(0));
        let outcome = resume(&yard, &notes, Resume::Finish).await;
        assert!(matches!(outcome.end, End::Undone { .. }), "{number}: {outcome:#?}");
        assert_eq!(yard.picture(), before(&replicas), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_healthy_before_the_crash_has_to_be_healthy_after_the_undo() {
    let (yard, replicas) = yard(1);
    let notes = Notes::default();
    let plan = deploy(&replicas, "v2", Style::Gap, &Rule::Healthy);
    let point = Point::After(Direction::Forward, 6);
    assert!(matches!(trapped(&yard, &notes, Ok(&plan), point, None).await, Went::Killed));
    yard.life("v1", Life::Sick(100));
    let outcome = resume(&yard, &notes, Resume::Undo).await;
    let End::Failed { why } = &outcome.end else { panic!("{outcome:#?}") };
    assert!(why.contains("api-1 is unhealthy"), "{why}");
}
