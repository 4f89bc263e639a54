#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::engine::Done;
use crate::engine::docker::fake::{Act, engine, ok};
use crate::fleet::{EngineId, ReplicaId, Verb};

#[test]
fn the_older_of_two_versions_is_used() {
    let docker = |api| greet(api, "Docker/20.10.24 (linux)");
    assert_eq!(docker("1.41"), Ok(Greeting { api: (1, 41), podman: false, version: "20.10.24".into() }));
    let newest = bollard::API_DEFAULT_VERSION;
    assert_eq!(docker("1.999").map(|g| g.api.1 as usize), Ok(newest.minor_version));
    assert_eq!(docker("1.40"), Err(EngineError::ApiTooOld { found: "1.40".into(), needed: "1.41".into() }));
    assert!(matches!(docker("new"), Err(EngineError::Garbage { .. })));
    assert!(matches!(docker(""), Err(EngineError::Garbage { .. })));
    let podman = greet("1.41", "Libpod/4.3.1 (linux)");
    assert_eq!(podman.map(|g| (g.podman, g.version)), Ok((true, "4.3.1".into())));
    assert_eq!(greet("1.41", "").map(|g| g.version), Ok(String::new()));
}

#[test]
fn an_id_stays_one_segment() {
    assert_eq!(segment("a1-b_2.c"), "a1-b_2.c");
    assert_eq!(segment("../x?y=1"), "..%2Fx%3Fy%3D1");
    assert_eq!(segment(".."), "%2E%2E");
}

#[tokio::test]
async fn a_connection_is_kept_and_the_version_is_in_every_path() {
    let (wire, told, _dir) = engine(|_| Act::Say(ok("{}")));
    for _ in 0..3 {
        wire.get::<serde_json::Value>("/info", "x").await.unwrap();
    }
    let asked: Vec<_> = told.try_iter().collect();
    assert_eq!(asked, vec![(0, "GET /v1.44/info".to_owned()); 3]);
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced() {
    let (wire, told, _dir) = engine(|_| Act::SayAndHangUp(ok("{}")));
    for _ in 0..3 {
        wire.get::<serde_json::Value>("/info", "x").await.unwrap();
    }
    assert_eq!(told.try_iter().count(), 3);
}

#[tokio::test]
async fn each_bad_answer_has_its_own_error() {
    const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{";
    const GONE: &str =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 43\r\n\r\n{\"message\":\"No such container: 0123456789\"}";
    const BUSY: &str = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
    let get = |script| async move {
        let (wire, _told, _dir) = engine(script);
        wire.get::<serde_json::Value>("/x", "web").await.unwrap_err()
    };
    assert!(matches!(get(|_| Act::Say(ok("<html>"))).await, EngineError::Garbage { .. }));
    assert!(matches!(get(|_| Act::Say("SSH-2.0-x\r\n".into())).await, EngineError::Garbage { .. }));
    assert!(matches!(get(|_| Act::SayAndHangUp(CUT.into())).await, EngineError::Disconnected { .. }));
    assert_eq!(get(|_| Act::Say(GONE.into())).await, EngineError::Gone { what: "web".into() });
    assert!(matches!(get(|_| Act::Say(BUSY.into())).await, EngineError::Failed { status: 500, .. }));
}

#[tokio::test]
async fn an_engine_that_hangs_is_told_after_the_time_allowed() {
    let (wire, _told, _dir) = engine(|_| Act::Hang);
    let late = wire.call_at("/x", Method::GET, None, Duration::from_millis(30), "a test").await;
    assert!(matches!(late, Err(EngineError::Timeout { during, .. }) if during == "a test"));
}

#[tokio::test]
async fn verbs_go_by_the_agreed_version_and_nothing_to_do_is_no_change() {
    let step = |verb| {
        crate::engine::Act::new(verb, ReplicaId { engine: EngineId::new("docker"), id: "../info".into() })
    };
    let (wire, told, _dir) = engine(|line| match line.split(' ').next() {
        Some("DELETE") => Act::Say("HTTP/1.1 204 No Content\r\n\r\n".into()),
        _ => Act::Say("HTTP/1.1 304 Not Modified\r\n\r\n".into()),
    });
    let perform = |verb| crate::engine::docker::step::act::act(wire.clone(), step(verb));
    assert_eq!(perform(Verb::Start).await, Ok(Done::Unchanged));
    assert_eq!(perform(Verb::Remove).await, Ok(Done::Changed));
    let asked: Vec<_> = told.try_iter().map(|(_, line)| line).collect();
    assert_eq!(
        asked,
        [
            "POST /v1.44/containers/..%2Finfo/start",
            "DELETE /v1.44/containers/..%2Finfo?v=false&force=false&link=false"
        ]
    );
}
