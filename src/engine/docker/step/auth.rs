//! What to show a registry: what `docker login` left behind.
//!
//! As the docker CLI does it: `config.json` names a helper program for all registries or for this
//! one, else holds the secret itself. The secret goes to the engine in a header of the one call
//! that needs it, and nowhere else.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::super::connect::{Process, World};
use crate::text::sanitize::label;

/// Time a helper has: it may have to unlock something, but must not wait for a person.
const HELPER: Duration = Duration::from_secs(10);
/// The longest answer of a helper, bytes.
const ANSWER: u64 = 1 << 16;
/// What the hub is called in credentials, for old times' sake.
const HUB: &str = "https://index.docker.io/v1/";

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Found {
    /// The `X-Registry-Auth` header; `None` = go as anybody.
    pub(super) header: Option<String>,
    /// Why there is none though there should be, one sentence.
    pub(super) trouble: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Entry>,
    creds_store: String,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Entry {
    /// `user:password` in base64.
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// Why a helper was of no help, one sentence.
#[derive(Debug, Error)]
#[error("{0}")]
struct NoHelp(String);

/// A helper's answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    username: String,
    secret: String,
}

/// Credentials for a registry, by its host name. Never fails: without any, one goes as anybody,
/// and the registry says whether that will do.
pub(super) async fn find(registry: &str) -> Found {
    let Some(path) = Process.config_dir().map(|dir| dir.join("config.json")) else {
        return Found::default();
    };
    let shown = label(&path.to_string_lossy(), 300);
    let trouble = |why: String| Found { header: None, trouble: Some(why) };
    let text = match Process.read(&path) {
        Ok(Some(text)) => text,
        Ok(None) => return Found::default(),
        Err(error) => return trouble(format!("{shown} can't be read: {error}")),
    };
    let config: Config = match serde_json::from_str(&text) {
        Ok(config) => config,
        // serde's words would tell what is in the file.
        Err(error) => return trouble(format!("{shown} makes no sense at line {}", error.line())),
    };
    let key = if matches!(registry, "docker.io" | "index.docker.io") { HUB } else { registry };
    match config.helper(key) {
        Some(helper) => match ask(helper, key).await {
            Ok(Some(entry)) => Found { header: Some(entry.header(key)), trouble: None },
            // The helper knows nothing of it; the file may.
            Ok(None) => config.found(key),
            Err(why) => trouble(why.to_string()),
        },
        None => config.found(key),
    }
}

impl Config {
    /// The helper program that keeps credentials for this registry.
    fn helper(&self, key: &str) -> Option<&str> {
        let own = self.cred_helpers.get(key);
        own.map(String::as_str).or(Some(&*self.creds_store)).filter(|name| !name.is_empty())
    }

    fn found(&self, key: &str) -> Found {
        let entry = self.auths.get(key).or_else(|| {
            let same = |other: &&String| host(other) == host(key);
            self.auths.keys().find(same).and_then(|other| self.auths.get(other))
        });
        Found { header: entry.and_then(Entry::read).map(|entry| entry.header(key)), trouble: None }
    }
}

/// `registry.example.com` of `https://registry.example.com/v1/`.
fn host(key: &str) -> &str {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

impl Entry {
    /// With what is in `auth` taken apart; `None` for one that holds nothing (the helper has it).
    fn read(&self) -> Option<Self> {
        let mut entry = self.clone();
        if let Ok(bytes) = STANDARD.decode(&self.auth)
            && let Some((user, password)) = String::from_utf8_lossy(&bytes).split_once(':')
        {
            user.clone_into(&mut entry.username);
            password.trim_end_matches('\0').clone_into(&mut entry.password);
        }
        let any = [&entry.password, &entry.identitytoken, &entry.registrytoken];
        any.iter().any(|secret| !secret.is_empty()).then_some(entry)
    }

    fn header(&self, server: &str) -> String {
        let asked = json!({
            "username": self.username, "password": self.password, "serveraddress": server,
            "identitytoken": self.identitytoken, "registrytoken": self.registrytoken,
        });
        URL_SAFE.encode(asked.to_string())
    }
}

/// Ask `docker-credential-NAME`; `None` when it has none for this registry.
async fn ask(name: &str, key: &str) -> Result<Option<Entry>, NoHelp> {
    // A name, not a path: only what is installed is run.
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(NoHelp(format!("the credential helper {:?} has no proper name", label(name, 80))));
    }
    let program = format!("docker-credential-{name}");
    let run = async {
        let mut child = Command::new(&program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| NoHelp(format!("{program} can't be run: {error}")))?;
        if let Some(mut input) = child.stdin.take() {
            // One that does not read says why by how it ends.
            let _ = input.write_all(key.as_bytes()).await;
        }
        let mut output = Vec::new();
        if let Some(out) = child.stdout.take() {
            let _ = out.take(ANSWER).read_to_end(&mut output).await;
        }
        let ended = child.wait().await.map_err(|error| NoHelp(format!("{program}: {error}")))?;
        Ok::<_, NoHelp>((ended.success(), output))
    };
    let (well, output) = timeout(HELPER, run)
        .await
        .map_err(|_| NoHelp(format!("{program} did not answer within {} s", HELPER.as_secs())))??;
    if !well {
        let said = String::from_utf8_lossy(&output);
        return if said.contains("credentials not found") {
            Ok(None)
        } else {
            Err(NoHelp(format!("{program} failed: {}", label(&said, 200))))
        };
    }
    let told: Told =
        serde_json::from_slice(&output).map_err(|_| NoHelp(format!("{program} gave no credentials")))?;
    Ok(Some(if told.username == "<token>" {
        Entry { identitytoken: told.secret, ..Entry::default() }
    } else {
        Entry { username: told.username, password: told.secret, ..Entry::default() }
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn sent(found: &Found) -> Value {
        serde_json::from_slice(&URL_SAFE.decode(found.header.as_ref().unwrap()).unwrap()).unwrap()
    }

    fn config(text: &str) -> Config {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_login_left_behind() {
        // ann:pass:word
        let it = config(
            r#"{"auths": {"https://reg.example.com/v2/": {"auth": "YW5uOnBhc3M6d29yZA=="},
                "https://index.docker.io/v1/": {"identitytoken": "t"}, "empty.example.com": {}}, "HttpHeaders": {}}"#,
        );
        let asked = sent(&it.found("reg.example.com"));
        assert_eq!(
            (asked["username"].as_str(), asked["password"].as_str()),
            (Some("ann"), Some("pass:word"))
        );
        assert_eq!(asked["serveraddress"], "reg.example.com");
        assert_eq!(sent(&it.found(HUB))["identitytoken"], "t");
        assert_eq!(it.found("empty.example.com"), Found::default(), "the helper had it");
        assert_eq!(it.found("other.example.com"), Found::default());
    }

    #[test]
    fn a_helper_of_its_own_goes_before_the_common_one() {
        let it = config(r#"{"credsStore": "desktop", "credHelpers": {"gcr.io": "gcloud", "none.io": ""}}"#);
        assert_eq!(
            (it.helper("gcr.io"), it.helper("x.io"), it.helper("none.io")),
            (Some("gcloud"), Some("desktop"), None)
        );
        assert_eq!(config("{}").helper("gcr.io"), None);
    }

    #[tokio::test]
    async fn a_helper_that_is_no_name_or_not_there_is_said() {
        let why = ask("../../bin/sh", "x").await.err().unwrap().to_string();
        assert!(why.contains("no proper name"), "{why}");
        let why = ask("quarterdeck-test-none", "x").await.err().unwrap().to_string();
        assert!(why.starts_with("docker-credential-quarterdeck-test-none can't be run"), "{why}");
    }
}
