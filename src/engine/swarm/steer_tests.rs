#![allow(clippy::unwrap_used)]

use super::super::fixture::service;
use super::*;

fn spec() -> Value {
    service("web", 2)["Spec"].clone()
}

fn id() -> ServiceId {
    ServiceId { engine: EngineId::new("swarm"), project: Some("shop".into()), name: "web".into() }
}

fn image(reference: &str) -> Image {
    Image { reference: reference.into(), id: "".into() }
}

fn told(spec: &mut Value, from: &Course, to: &Course) -> Result<bool, EngineError> {
    let image = to.image.as_ref().map(|image| image.reference.to_string());
    change(spec, &id(), from, to, image.as_deref())
}

#[test]
fn nothing_but_what_was_asked_for_changes() {
    let mut it = spec();
    let to = Course { image: Some(image("shop/api:2")), replicas: Some(5), ..Course::default() };
    let from = Course { image: Some(image("shop/api:1")), replicas: Some(2), ..Course::default() };
    assert_eq!(told(&mut it, &from, &to), Ok(true));
    let mut wanted = spec();
    wanted["TaskTemplate"]["ContainerSpec"]["Image"] = json!("shop/api:2");
    wanted["Mode"]["Replicated"]["Replicas"] = json!(5);
    assert_eq!(it, wanted);
    assert_eq!(it.to_string(), wanted.to_string(), "not even the order of fields");
    assert_eq!(told(&mut it, &from, &to), Ok(false), "asked again, there is nothing to do");
    assert_eq!(told(&mut it, &to, &from), Ok(true), "and back");
    assert_eq!(it, spec());
}

#[test]
fn what_somebody_else_changed_is_left_alone() {
    let from = Course { replicas: Some(3), ..Course::default() };
    let to = Course { replicas: Some(4), ..Course::default() };
    let error = told(&mut spec(), &from, &to).unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop/web is not as it was when this was planned: it is to have 2 replicas now"
    );
    let from = Course { image: Some(image("shop/api:7")), ..Course::default() };
    let to = Course { image: Some(image("shop/api:8")), ..Course::default() };
    assert!(matches!(told(&mut spec(), &from, &to), Err(EngineError::Changed { .. })));
    let forced = |force| Course { force: Some(force), ..Course::default() };
    assert_eq!(told(&mut spec(), &forced(3), &forced(4)), Ok(true));
    assert_eq!(told(&mut spec(), &forced(2), &forced(3)), Ok(false));
    assert!(matches!(told(&mut spec(), &forced(4), &forced(5)), Err(EngineError::Changed { .. })));
}

#[test]
fn limits_come_and_go() {
    let is = Limits { cpus: Some(0.5), memory: Some(64 << 20), pids: None };
    let course = |limits| Course { limits: Some(limits), ..Course::default() };
    let wanted = Limits { cpus: None, memory: Some(128 << 20), pids: Some(50) };
    let mut it = spec();
    assert_eq!(told(&mut it, &course(is), &course(wanted)), Ok(true));
    assert_eq!(it["TaskTemplate"]["Resources"]["Limits"], json!({"MemoryBytes": 128 << 20, "Pids": 50}));
    let mut bare = json!({"TaskTemplate": {"ContainerSpec": {"Image": "a"}}});
    assert_eq!(told(&mut bare, &course(Limits::default()), &course(is)), Ok(true));
    assert_eq!(bare["TaskTemplate"]["Resources"]["Limits"]["NanoCPUs"], json!(500_000_000));
}

#[test]
fn one_a_node_can_not_be_counted() {
    let mut it = spec();
    it["Mode"] = json!({"Global": {}});
    let to = Course { replicas: Some(4), ..Course::default() };
    assert!(matches!(told(&mut it, &Course::default(), &to), Err(EngineError::Unsupported { .. })));
    assert_eq!(it["Mode"], json!({"Global": {}}));
}

#[test]
fn an_image_is_the_same_by_id_else_by_name() {
    let with = |reference: &str, id: &str| Image { reference: reference.into(), id: id.into() };
    assert!(is_same(&with("a:1", ""), &with("a:1", "sha256:x")));
    assert!(!is_same(&with("a:1", "sha256:y"), &with("a:1", "sha256:x")));
    assert!(is_same(&with("sha256:x", "sha256:x"), &with("a:1", "sha256:x")));
    assert!(!is_same(&with("a:1", ""), &with("a:2", "")));
}

#[test]
fn what_the_swarm_would_undo_is_refused_with_what_to_do() {
    for verb in [Verb::Start, Verb::Stop, Verb::Pause, Verb::Unpause, Verb::Kill, Verb::Remove] {
        let error = undone(verb, &id());
        assert!(error.remedy().contains("qd scale shop/web"), "{verb}: {error:?}");
    }
}
