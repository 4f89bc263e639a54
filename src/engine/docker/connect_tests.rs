#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use super::*;

/// A world made of two tables.
#[derive(Default)]
struct Fake {
    vars: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<PathBuf, &'static str>,
}

impl Fake {
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.vars.insert(name, value);
        self
    }
    fn file(mut self, path: &str, text: &'static str) -> Self {
        self.files.insert(path.into(), text);
        self
    }
    fn resolve(&self, host: Option<&str>, context: Option<&str>) -> Result<Endpoint, EngineError> {
        let settings = EngineSettings { host: host.map(Into::into), context: context.map(Into::into) };
        resolve(&settings, self)
    }
}

impl World for Fake {
    fn var(&self, name: &str) -> Option<OsString> {
        self.vars.get(name).filter(|v| !v.is_empty()).map(Into::into)
    }
    fn read(&self, path: &Path) -> std::io::Result<Option<String>> {
        Ok(self.files.get(path).map(|t| (*t).to_owned()))
    }
    fn names(&self, dir: &Path) -> Vec<OsString> {
        let mut names: Vec<OsString> = self
            .files
            .keys()
            .filter_map(|p| p.strip_prefix(dir).ok()?.iter().next().map(Into::into))
            .collect();
        names.dedup();
        names
    }
}

const META: &str = r#"{"Name":"prod","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://prod:2376","SkipTLSVerify":false}}}"#;

fn home() -> Fake {
    Fake::default()
        .with("HOME", "/home/ann")
        .file("/home/ann/.docker/contexts/meta/abc/meta.json", META)
        .file("/home/ann/.docker/contexts/meta/bad/meta.json", "{")
        .file("/home/ann/.docker/contexts/tls/abc/docker/ca.pem", "")
}

fn shown(endpoint: Result<Endpoint, EngineError>) -> String {
    endpoint.unwrap().to_string()
}

#[test]
fn what_is_asked_for_first_wins() {
    let world = home().with("DOCKER_HOST", "tcp://env").with("DOCKER_CONTEXT", "prod");
    assert_eq!(shown(world.resolve(Some("tcp://flag"), Some("prod"))), "tcp://flag:2375");
    assert_eq!(shown(world.resolve(None, Some("prod"))), "https://prod:2376");
    assert_eq!(shown(world.resolve(None, Some("default"))), "tcp://env:2375");
    assert_eq!(shown(world.resolve(None, None)), "tcp://env:2375");
    let world = home().with("DOCKER_CONTEXT", "prod");
    assert_eq!(shown(world.resolve(None, None)), "https://prod:2376");
    let world = home().file("/home/ann/.docker/config.json", r#"{"auths":{},"currentContext":"prod"}"#);
    assert_eq!(shown(world.resolve(None, None)), "https://prod:2376");
}

#[test]
fn docker_config_moves_the_directory() {
    let world = home()
        .with("DOCKER_CONFIG", "/etc/dk")
        .file("/etc/dk/config.json", r#"{"currentContext":"lab"}"#)
        .file(
            "/etc/dk/contexts/meta/x/meta.json",
            r#"{"Name":"lab","Endpoints":{"docker":{"Host":"unix:///l.sock"}}}"#,
        );
    assert_eq!(shown(world.resolve(None, None)), "unix:///l.sock");
}

#[test]
fn a_context_that_is_not_there_says_which_are() {
    let Err(EngineError::Settings { why, remedy }) =
        home().with("DOCKER_CONTEXT", "prdo").resolve(None, None)
    else {
        panic!("there is no such context")
    };
    assert!(why.contains("DOCKER_CONTEXT") && why.contains("prdo"), "{why}");
    assert!(remedy.contains("default, prod"), "{remedy}");
}

#[test]
fn a_context_brings_its_certificates() {
    let Endpoint::Tcp { tls: Some(tls), .. } = home().resolve(None, Some("prod")).unwrap() else {
        panic!("TLS, because the context has a CA")
    };
    assert!(tls.verify);
    assert_eq!(tls.ca, Some("/home/ann/.docker/contexts/tls/abc/docker/ca.pem".into()));
    assert_eq!(tls.cert, None);
}

#[test]
fn a_broken_config_file_is_named_not_ignored() {
    let world = home().file("/home/ann/.docker/config.json", "{ currentContext: }");
    let Err(EngineError::Settings { why, .. }) = world.resolve(None, None) else { panic!("broken JSON") };
    assert!(why.contains("/home/ann/.docker/config.json"), "{why}");
    // Named outright, the file does not matter.
    assert_eq!(shown(world.resolve(Some("tcp://flag"), None)), "tcp://flag:2375");
}

#[test]
fn tls_variables() {
    let world =
        home().with("DOCKER_HOST", "tcp://env").with("DOCKER_TLS_VERIFY", "1").with("DOCKER_CERT_PATH", "/c");
    let Endpoint::Tcp { port, tls: Some(tls), .. } = world.resolve(None, None).unwrap() else {
        panic!("TLS")
    };
    assert_eq!((port, tls.verify), (2376, true));
    assert_eq!(tls.ca, Some("/c/ca.pem".into()), "named, so it must be there");
    let world = home().with("DOCKER_HOST", "tcp://env").with("DOCKER_TLS", "1");
    let Endpoint::Tcp { tls: Some(tls), .. } = world.resolve(None, None).unwrap() else { panic!("TLS") };
    assert_eq!((tls.verify, tls.ca, tls.cert), (false, None, None));
    // A certificate path alone asks for nothing.
    let world = home().with("DOCKER_HOST", "tcp://env").with("DOCKER_CERT_PATH", "/c");
    assert!(matches!(world.resolve(None, None).unwrap(), Endpoint::Tcp { tls: None, .. }));
}

#[test]
fn empty_settings_and_variables_count_as_unset() {
    let world =
        home().with("DOCKER_HOST", "").with("DOCKER_CONTEXT", "").with("XDG_RUNTIME_DIR", "/run/user/7");
    let Endpoint::Usual(sockets) = world.resolve(Some(""), Some(" ")).unwrap() else {
        panic!("nothing named")
    };
    assert_eq!(sockets.first(), Some(&"/var/run/docker.sock".into()));
    assert_eq!(sockets.last(), Some(&"/run/user/7/podman/podman.sock".into()));
}

#[test]
fn no_home_at_all() {
    assert!(matches!(Fake::default().resolve(None, None).unwrap(), Endpoint::Usual(_)));
    assert!(matches!(Fake::default().resolve(None, Some("x")), Err(EngineError::Settings { .. })));
}
