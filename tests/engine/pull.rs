//! Images from a registry: a new one, a newer one, none, and one that wants to know who asks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use quarterdeck::engine::{Done, EngineError, Step};

use crate::hand::Hand;
use crate::support::docker::{Reference, engine};
use crate::support::registry::Registry;

fn pull(hand: &Hand, reference: &str) -> Result<Done, EngineError> {
    hand.step(Step::Pull { reference: reference.into() })
}

fn pulled(id: &str) -> Done {
    Done::Pulled { id: id.into() }
}

#[test]
fn what_the_registry_has_is_pulled() {
    let Some(reference) = engine() else { return };
    let hand = Hand::new(reference);
    let registry = Registry::start();
    let (name, id) = registry.put("shop/api", "1", "V=1");
    assert_eq!(pull(&hand, &name), Ok(pulled(&id)));
    assert_eq!(pull(&hand, &name), Ok(pulled(&id)), "nothing newer");
    assert_eq!(*hand.image(&name).id, *id);
    // The tag moves.
    let (_, newer) = registry.put("shop/api", "1", "V=2");
    assert_ne!(id, newer);
    assert_eq!(pull(&hand, &name), Ok(pulled(&newer)));
    // Without a tag it is `latest`, not all there are.
    let (_, latest) = registry.put("shop/api", "latest", "V=3");
    registry.put("shop/api", "other", "V=4");
    assert_eq!(pull(&hand, name.trim_end_matches(":1")), Ok(pulled(&latest)));
    let other = name.replace(":1", ":other");
    assert!(
        name.ends_with(":1") && !hand.reference.try_docker(&["image", "inspect", &other]).status.success()
    );

    let missing = pull(&hand, &format!("{}/shop/api:9", registry.host)).unwrap_err();
    assert!(matches!(missing, EngineError::NoImage { .. }), "{missing:?}");
    assert!(
        missing.to_string().starts_with(&format!("{0} has no image {0}/shop/api:9", registry.host)),
        "{missing}"
    );
    let nobody = pull(&hand, "127.0.0.1:1/shop/api:1").unwrap_err();
    assert!(nobody.to_string().starts_with("the registry 127.0.0.1:1 can't be reached"), "{nobody}");
    for nonsense in ["", "shop api", "../x", "sha256:0123"] {
        assert!(matches!(pull(&hand, nonsense), Err(EngineError::NoImage { .. })), "{nonsense:?}");
    }
    let ids = [id, newer, latest];
    let mut args = vec!["rmi", "-f"];
    args.extend(ids.iter().map(String::as_str));
    let _ = hand.reference.try_docker(&args);
}

#[test]
fn a_registry_that_asks_who_it_is_gets_what_login_left_behind() {
    let Some(reference) = engine() else { return };
    let registry = Registry::start();
    registry.guard("Basic YW5uOnM6ZWNyZXQ="); // ann:s:ecret
    let (name, id) = registry.put("secret/api", "1", "V=1");
    let home = tempfile::tempdir().unwrap();
    let config = |text: &str| fs::write(home.path().join("config.json"), text).unwrap();
    let ask = || as_user(&reference, home.path(), &name);
    let well = format!("pulled {id}");
    let _ = reference.try_docker(&["rmi", "-f", &id]);

    let denied = ask();
    assert!(denied.contains("does not let us have"), "nobody in particular: {denied}");
    assert!(denied.contains(&format!("docker login {}", registry.host)), "{denied}");
    config(&format!(r#"{{"auths": {{"http://{}/v2/": {{"auth": "YW5uOnM6ZWNyZXQ="}}}}}}"#, registry.host));
    assert_eq!(ask(), well, "from the file");

    let helper = |name: &str, script: &str| {
        let path = home.path().join(format!("docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    helper("well", r#"read it; echo "{\"ServerURL\":\"$it\",\"Username\":\"ann\",\"Secret\":\"s:ecret\"}""#);
    helper("empty", "echo credentials not found in native keychain; exit 1");
    helper("broken", "echo locked; exit 1");
    helper("hangs", "exec sleep 60");
    config(r#"{"credsStore": "well"}"#);
    assert_eq!(ask(), well, "from a helper");
    config(&format!(r#"{{"credsStore": "broken", "credHelpers": {{"{}": "well"}}}}"#, registry.host));
    assert_eq!(ask(), well, "from this registry's helper");
    config(&format!(
        r#"{{"credsStore": "empty", "auths": {{"{}": {{"auth": "YW5uOnM6ZWNyZXQ="}}}}}}"#,
        registry.host
    ));
    assert_eq!(ask(), well, "the helper has none, the file has");
    for (store, words) in [
        ("broken", "docker-credential-broken failed: locked"),
        ("none", "docker-credential-none can't be run"),
        ("hangs", "docker-credential-hangs did not answer within 10 s"),
    ] {
        config(&format!(r#"{{"credsStore": "{store}"}}"#));
        let denied = ask();
        assert!(denied.contains("does not let us have") && denied.contains(words), "{store}: {denied}");
        assert!(!denied.contains("s:ecret"), "{denied}");
    }
    config("{ nonsense: s3cret");
    let denied = ask();
    assert!(denied.contains("config.json makes no sense") && !denied.contains("s3cret"), "{denied}");
    let _ = reference.try_docker(&["rmi", "-f", &id]);
}

/// Pull as a user with that docker config: an environment is a process's own.
fn as_user(reference: &Reference, config: &Path, name: &str) -> String {
    let path = format!("{}:{}", config.display(), std::env::var("PATH").unwrap());
    let out = Command::new(std::env::current_exe().unwrap())
        .args(["pull::as_another_process", "--exact", "--ignored", "--nocapture"])
        .env("PATH", path)
        .env("DOCKER_CONFIG", config)
        .env("QD_TEST_ENGINE", &reference.host)
        .env("QD_TEST_PULL", name)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let told = text.lines().find_map(|line| line.split_once("TOLD "));
    told.unwrap_or_else(|| panic!("it told nothing: {text}")).1.to_owned()
}

/// Not a test of its own: what [`as_user`] runs.
#[test]
#[ignore = "run by another test"]
fn as_another_process() {
    let hand = Hand::new(engine().unwrap());
    match pull(&hand, &std::env::var("QD_TEST_PULL").unwrap()) {
        Ok(Done::Pulled { id }) => println!("TOLD pulled {id}"),
        Ok(other) => println!("TOLD {other:?}"),
        Err(error) => println!("TOLD {error}. {}", error.remedy()),
    }
}
