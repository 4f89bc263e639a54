#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::engine::docker::fake::{Act, engine, ok};
use crate::fleet::{EventKind, State};

const LIST: &str = r#"[{"Id":"web","Names":["/web"],"State":"running","Status":"Up 1 hour"},{"Id":"old","Names":["/old"],"State":"exited","Status":"Exited (1) 1 hour ago"}]"#;
const EVENT: &str = r#"{"Type":"container","Action":"pause","Actor":{"ID":"web","Attributes":{"name":"web"}},"timeNano":1795179298000000000}"#;

fn chunked(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\n\r\n", body.len() + 1)
}

/// Until `wanted` finds something.
async fn until<T>(
    watch: &mut BoxStream<'static, Observation>,
    mut wanted: impl FnMut(&Observation) -> Option<T>,
) -> T {
    let look = async {
        loop {
            if let Some(found) = wanted(&watch.next().await.unwrap()) {
                return found;
            }
        }
    };
    timeout(Duration::from_secs(10), look).await.unwrap()
}

#[tokio::test]
async fn names_come_from_the_list_alone_and_a_vanished_container_is_removed() {
    let (wire, told, _dir) = engine(|line| match line {
        l if l.contains("/events") => Act::SayOn(chunked(EVENT)),
        l if l.contains("/containers/json") => Act::Say(ok(LIST)),
        l if l.contains("/containers/web/json") => {
            Act::Say(ok(r#"{"Id":"web","Name":"/web","RestartCount":2,"State":{"Status":"paused","Pid":7}}"#))
        }
        l if l.contains("/containers/old/json") => Act::Say(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 37\r\n\r\n{\"message\":\"No such container: old1\"}"
                .into(),
        ),
        _ => Act::Hang,
    });
    let mut watch = watch(Arc::new(Shared::new(wire)));
    let Some(Observation::Engine(info)) = watch.next().await else { panic!("the engine first") };
    assert_eq!((info.kind.as_str(), info.api.as_str()), ("docker", "1.44"));
    let Some(Observation::Synced { replicas, .. }) = watch.next().await else { panic!("then the list") };
    assert_eq!(replicas.len(), 2);
    let asked: Vec<_> = told.try_iter().map(|(_, line)| line).collect();
    assert!(asked[0].contains("/events"), "events are open before the list is asked for: {asked:?}");
    assert!(!asked.iter().any(|l| l.ends_with("/json")), "no inspect before the list is told: {asked:?}");

    let (mut paused, mut restarts, mut removed) = (false, false, false);
    until(&mut watch, |o| {
        match o {
            Observation::Happened(event) => paused |= event.kind == EventKind::Paused,
            Observation::Applied { replica, .. } => {
                restarts |= replica.state == State::Paused && replica.restarts == Some(2);
            }
            Observation::Removed { id, .. } => removed |= &*id.id == "old",
            _ => {}
        }
        (paused && restarts && removed).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_fails_is_told_with_its_reason_and_tried_again() {
    let (wire, _told, _dir) = engine(|line| match line {
        l if l.contains("/events") => Act::SayOn(chunked("")),
        _ => Act::Say("HTTP/1.1 500 Oh\r\nContent-Length: 21\r\n\r\n{\"message\":\"on fire\"}".into()),
    });
    let mut watch = watch(Arc::new(Shared::new(wire)));
    for _ in 0..2 {
        let why = until(&mut watch, |o| match o {
            Observation::Link(Link::Lost { why, retry_in, .. }) => {
                assert!(*retry_in <= Duration::from_millis(250), "the first tries are quick");
                Some(why.clone())
            }
            _ => None,
        })
        .await;
        assert!(why.contains("on fire"), "{why}");
    }
}

#[tokio::test]
async fn an_engine_that_closes_its_events_is_lost_and_found() {
    let (wire, _told, _dir) = engine(|line| match line {
        l if l.contains("/events") => Act::SayAndHangUp(chunked("")),
        l if l.contains("/containers/json") => Act::Say(ok("[]")),
        _ => Act::Hang,
    });
    let mut watch = watch(Arc::new(Shared::new(wire)));
    for _ in 0..2 {
        until(&mut watch, |o| matches!(o, Observation::Link(Link::Live)).then_some(())).await;
        until(&mut watch, |o| matches!(o, Observation::Link(Link::Lost { .. })).then_some(())).await;
    }
}
