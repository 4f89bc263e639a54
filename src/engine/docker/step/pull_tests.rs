#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

#[test]
fn references_taken_apart() {
    for (reference, registry, repository, tag) in [
        ("nginx", "docker.io", "nginx", "latest"),
        ("nginx:1.27", "docker.io", "nginx", "1.27"),
        ("shop/api:1", "docker.io", "shop/api", "1"),
        ("registry:5000/shop/api", "registry:5000", "registry:5000/shop/api", "latest"),
        ("localhost/api:2", "localhost", "localhost/api", "2"),
        ("ghcr.io/x/y:3@sha256:ab", "ghcr.io", "ghcr.io/x/y", "sha256:ab"),
    ] {
        let name = Name::parse(reference).unwrap();
        assert_eq!((name.registry, name.repository, name.tag), (registry, repository, tag), "{reference}");
    }
    for reference in ["", ":1", "a b", "a/../b", "x&y=z", "sha256:0123", "\u{1b}[31m"] {
        assert!(Name::parse(reference).is_none(), "{reference:?}");
    }
}

#[test]
fn errors_come_in_answers_that_began_well() {
    assert_eq!(problem(br#"{"status":"Pulling from shop/api","id":"1"}"#), None);
    assert_eq!(problem(b"half a li"), None);
    let line =
        br#"{"errorDetail":{"message":"manifest unknown\u001b[31m"},"error":"manifest unknown\u001b[31m"}"#;
    let why = problem(line).unwrap();
    assert!(why.starts_with("manifest unknown") && !why.contains('\u{1b}'), "{why:?}");
}

#[test]
fn each_refusal_has_its_sentence_and_remedy() {
    let say = |why: &str| {
        let reference = "reg.example.com/shop/api:9";
        let EngineError::NoImage { why, remedy } =
            refusal(&Name::parse(reference).unwrap(), reference, why, None)
        else {
            panic!("another error")
        };
        (why, remedy)
    };
    let (why, _) = say("manifest for reg.example.com/shop/api:9 not found: manifest unknown");
    assert_eq!(why, "reg.example.com has no image reg.example.com/shop/api:9");
    let (why, remedy) =
        say("pull access denied for shop/api, repository does not exist or may require 'docker login'");
    assert!(
        why.ends_with("or does not let us have it") && remedy.contains("docker login reg.example.com"),
        "{why}"
    );
    let (why, _) = say("Get \"https://reg.example.com/v2/\": unauthorized: authentication required");
    assert!(why.contains("does not let us have"), "{why}");
    let (why, _) = say("Get \"https://reg.example.com/v2/\": dial tcp: lookup reg.example.com: no such host");
    assert!(why.starts_with("the registry reg.example.com can't be reached"), "{why}");
    let (why, _) = say("write /var/lib/docker/tmp/x: no space left on device");
    assert!(why.starts_with("no room for"), "{why}");
    assert!(say("something else").0.ends_with("something else"));
    let name = Name::parse("nginx").unwrap();
    let helper = Some("docker-credential-x did not answer within 10 s");
    let EngineError::NoImage { remedy, .. } = refusal(&name, "nginx", "denied", helper) else {
        panic!("other")
    };
    assert!(
        remedy.contains("docker-credential-x did not answer") && remedy.contains("(docker login)"),
        "{remedy}"
    );
}
