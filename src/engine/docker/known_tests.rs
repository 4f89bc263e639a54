#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::json;

use super::*;

fn entries(states: &[(&str, &str, &str)]) -> Vec<Entry> {
    let one = |(id, state, status): &(&str, &str, &str)| {
        serde_json::from_value(
            json!({"Id": id, "Names": [format!("/{id}")], "State": state, "Status": status}),
        )
    };
    states.iter().map(one).collect::<Result<_, _>>().unwrap()
}

fn inspected(id: &str, state: &serde_json::Value) -> Inspected {
    serde_json::from_value(json!({"Id": id, "Name": format!("/{id}"), "State": state})).unwrap()
}

fn message(action: &str, id: &str, attributes: &serde_json::Value) -> Message {
    serde_json::from_value(json!({
        "Action": action, "Type": "container", "Actor": {"ID": id, "Attributes": attributes},
        "time": 1_795_179_298, "timeNano": 1_795_179_298_500_000_000_i64,
    }))
    .unwrap()
}

/// Known: `web`, running and inspected.
fn with_web() -> Known {
    let mut known = Known::new(EngineId::new("docker"));
    known.list(&entries(&[("web", "running", "Up 2 hours (healthy)")]), true);
    let state = json!({"Status": "running", "Pid": 7, "StartedAt": "2026-11-20T12:00:00Z", "Health": {"Status": "healthy"}});
    assert!(known.inspect(&inspected("web", &state)).is_some());
    known
}

fn applied(step: &Step) -> &Replica {
    step.tell
        .iter()
        .find_map(|o| if let Observation::Applied { replica, .. } = o { Some(&**replica) } else { None })
        .unwrap()
}

#[test]
fn what_may_be_broken_is_inspected_first() {
    let mut known = Known::new(EngineId::new("docker"));
    let (replicas, wanted) = known.list(
        &entries(&[
            ("done", "exited", "Exited (0) 1 hour ago"),
            ("runs", "running", "Up 1 hour"),
            ("failed", "exited", "Exited (1) 1 hour ago"),
            ("ill", "running", "Up 1 hour (unhealthy)"),
            ("", "running", ""),
        ]),
        true,
    );
    assert_eq!(replicas.len(), 4, "an entry without an id is none");
    assert_eq!(wanted.iter().map(|w| &**w).collect::<Vec<_>>(), ["ill", "failed", "runs", "done"]);
}

#[test]
fn a_resync_inspects_only_what_changed_and_a_reconnect_everything() {
    let mut known = with_web();
    let same = entries(&[("web", "running", "Up 3 hours (healthy)")]);
    known.begin_list();
    let (replicas, wanted) = known.list(&same, false);
    assert_eq!((wanted.len(), replicas[0].pid), (0, Some(7)));
    let (replicas, wanted) = known.list(&same, true);
    assert_eq!((wanted.len(), replicas[0].pid), (1, None), "the pid may be of the run before");
    known.begin_list();
    let (replicas, wanted) = known.list(&entries(&[("other", "running", "Up 1 second")]), false);
    assert_eq!((replicas.len(), wanted.len()), (1, 1));
    assert_eq!(known.gone("web"), None, "what is not in the list is forgotten");
}

#[test]
fn an_event_says_whether_it_is_about_a_job() {
    let mut known = with_web();
    let role = |step: Step| {
        let happened = step.tell.into_iter().find_map(|o| match o {
            Observation::Happened(event) => Some(event.role),
            _ => None,
        });
        happened.unwrap()
    };
    let job = json!({"name": "x", "com.docker.compose.project": "pay", "com.docker.compose.oneoff": "True"});
    assert_eq!(role(known.event(&message("create", "job", &job), Timestamp::UNIX_EPOCH)), Role::Job);
    let other = json!({"name": "y", "com.docker.compose.oneoff": "False"});
    assert_eq!(role(known.event(&message("create", "other", &other), Timestamp::UNIX_EPOCH)), Role::Replica);
}

#[test]
fn a_swap_of_names_keeps_the_service() {
    let mut known = with_web();
    let mut rename = |id: &str, from: &str, to: &str| {
        let told = known.event(
            &message("rename", id, &json!({"name": to, "oldName": format!("/{from}")})),
            Timestamp::UNIX_EPOCH,
        );
        told.tell.into_iter().find_map(|o| match o {
            Observation::Applied { replica, .. } => Some((replica.role, replica.service.path())),
            _ => None,
        })
    };
    assert_eq!(rename("web", "web", "web.qd-x7k2q.old"), Some((Role::Spare, "web".into())));
    assert_eq!(rename("web", "web.qd-x7k2q.old", "web"), Some((Role::Replica, "web".into())));
    assert_eq!(rename("web", "web", "purse"), Some((Role::Replica, "purse".into())));
}

#[test]
fn what_came_while_a_list_was_on_its_way_is_newer_than_it() {
    let mut known = with_web();
    known.begin_list();
    known.event(&message("pause", "web", &json!({})), Timestamp::UNIX_EPOCH);
    known.inspect(&inspected("new", &json!({"Status": "running", "Pid": 8})));
    let (mut replicas, wanted) = known.list(&entries(&[("web", "running", "Up 3 hours (healthy)")]), false);
    replicas.sort_by(|a, b| a.name.cmp(&b.name));
    let seen: Vec<_> = replicas.iter().map(|r| (&*r.name, r.state)).collect();
    assert_eq!(seen, [("new", State::Running), ("web", State::Paused)]);
    assert_eq!(wanted.len(), 2, "both are asked about again");
    known.begin_list();
    let (replicas, _) = known.list(&entries(&[("web", "running", "Up 3 hours (healthy)")]), false);
    assert_eq!(replicas.len(), 1, "a later list knows better");
}

#[test]
fn pause_shows_from_the_event_alone() {
    let mut known = with_web();
    let step = known.event(&message("pause", "web", &json!({"name": "web"})), Timestamp::UNIX_EPOCH);
    assert_eq!(applied(&step).state, State::Paused);
    assert_eq!(applied(&step).pid, Some(7));
    let Some(Observation::Happened(event)) = step.tell.last() else { panic!("told what happened") };
    assert_eq!((&event.kind, event.at.as_millisecond()), (&EventKind::Paused, 1_795_179_298_500));
    // The fact is dated by our clock, the event by the engine's.
    let Some(Observation::Applied { at, .. }) = step.tell.first() else { panic!("told the fact") };
    assert_eq!(*at, Timestamp::UNIX_EPOCH);
}

#[test]
fn a_death_and_a_start() {
    let mut known = with_web();
    known.roster();
    known.event(&message("oom", "web", &json!({})), Timestamp::UNIX_EPOCH);
    let step = known.event(&message("die", "web", &json!({"exitCode": "137"})), Timestamp::UNIX_EPOCH);
    let it = applied(&step);
    assert_eq!((it.state, it.exit, it.pid), (State::Exited, Some(Exit { code: 137, oom: true }), None));
    assert_eq!(it.check, HealthCheck::None);
    let Some(Observation::Happened(event)) = step.tell.last() else { panic!("told what happened") };
    assert_eq!(event.kind, EventKind::Died(Exit { code: 137, oom: true }));
    assert_eq!(step.inspect.as_deref(), Some("web"), "whether it restarts, only an inspect tells");
    assert_eq!(known.roster(), Some(vec![]));
    let step = known.event(&message("start", "web", &json!({})), Timestamp::UNIX_EPOCH);
    let it = applied(&step);
    assert_eq!((it.state, it.exit), (State::Running, None));
    assert_eq!(known.roster().map(|r| r.len()), Some(1));
    assert_eq!(known.roster(), None, "unchanged since");
    let step = known.event(&message("die", "web", &json!({"exitCode": "137"})), Timestamp::UNIX_EPOCH);
    assert_eq!(applied(&step).exit, Some(Exit { code: 137, oom: false }), "another run, another cause");
}

#[test]
fn health_changes_and_odd_words_do_not() {
    let mut known = with_web();
    let step = known.event(&message("health_status: unhealthy", "web", &json!({})), Timestamp::UNIX_EPOCH);
    assert_eq!(applied(&step).check, HealthCheck::Unhealthy);
    for odd in ["health_status: levitating", "exec_create: sh", "", "attach"] {
        let step = known.event(&message(odd, "web", &json!({})), Timestamp::UNIX_EPOCH);
        assert!(step.tell.is_empty() && step.inspect.is_none(), "{odd}");
    }
    let step = known.event(&message("start", "", &json!({})), Timestamp::UNIX_EPOCH);
    assert!(step.tell.is_empty(), "an event about nothing");
}

#[test]
fn a_lone_container_that_is_renamed_becomes_another_service() {
    let mut known = with_web();
    let step = known
        .event(&message("rename", "web", &json!({"name": "shop", "oldName": "/web"})), Timestamp::UNIX_EPOCH);
    assert_eq!((&*applied(&step).name, applied(&step).service.path().as_str()), ("shop", "shop"));
    let Some(Observation::Happened(event)) = step.tell.last() else { panic!("told what happened") };
    assert_eq!(event.kind, EventKind::Renamed("web".into()));
}

#[test]
fn what_nobody_knew_is_inspected_at_once_and_named_by_its_labels() {
    let mut known = with_web();
    let attributes = json!({"name": "pay-api-1", "com.docker.compose.project": "pay", "com.docker.compose.service": "api"});
    let step = known.event(&message("create", "new", &attributes), Timestamp::UNIX_EPOCH);
    assert!(step.unknown);
    let [Observation::Happened(event)] = step.tell.as_slice() else { panic!("nothing but what happened") };
    assert_eq!(event.service.path(), "pay/api");
}

#[test]
fn a_destroyed_container_is_gone_once() {
    let mut known = with_web();
    let step = known.event(&message("destroy", "web", &json!({})), Timestamp::UNIX_EPOCH);
    assert!(matches!(step.tell.as_slice(), [Observation::Happened(_), Observation::Removed { .. }]));
    assert_eq!(step.inspect, None);
    let step = known.event(&message("destroy", "web", &json!({})), Timestamp::UNIX_EPOCH);
    assert!(matches!(step.tell.as_slice(), [Observation::Happened(_)]));
}

#[test]
fn an_inspect_that_tells_nothing_new_is_not_told() {
    let mut known = with_web();
    let state = json!({"Status": "running", "Pid": 7, "StartedAt": "2026-11-20T12:00:00Z", "Health": {"Status": "healthy"}});
    assert!(known.inspect(&inspected("web", &state)).is_none());
}

#[test]
fn a_start_that_failed_is_looked_into_though_no_event_of_the_container_tells_of_it() {
    let mut known = with_web();
    known.list(&entries(&[("web", "running", "Up 2 hours (healthy)"), ("api", "created", "Created")]), false);
    let mut left = |container: &str, action: &str| {
        let message: Message = serde_json::from_value(json!({
            "Type": "network", "Action": action, "Actor": {"ID": "net", "Attributes": {"container": container}},
        }))
        .unwrap();
        let step = known.event(&message, Timestamp::UNIX_EPOCH);
        assert!(step.tell.is_empty(), "it is no event of a replica");
        step.inspect.map(|id| id.to_string())
    };
    assert_eq!(left("api", "disconnect").as_deref(), Some("api"));
    assert_eq!(left("web", "disconnect"), None, "it runs: somebody took it off a network");
    assert_eq!(left("gone", "disconnect"), None);
    assert_eq!(left("api", "destroy"), None);
}
