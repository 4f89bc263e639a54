//! `[alerts]`: which rules are in force, and who is told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::Severity;

/// `[alerts]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// Files of alert rules (YAML): absolute, from `~`, or beside the config file.
    #[schemars(extend("examples" = [["alerts.yaml"]]))]
    pub rules: Vec<PathBuf>,
    /// Whether the rules qd comes with are in force; a rule of yours with the same name takes the
    /// place of one of them.
    pub defaults: bool,
    /// How the terminal tells of an incident.
    #[schemars(extend("examples" = [["bell", "osc9"]]))]
    pub terminal: Vec<Signal>,
    /// The terminal tells of incidents this bad and worse.
    pub severity: Severity,
    /// Addresses that are told of incidents: each with one of `url`, `url_env`, `url_file`, and
    /// `format` (`json`, `slack`), `severity`, `resolved`, `headers`, `ca_file`.
    pub webhooks: Vec<Webhook>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            defaults: true,
            terminal: vec![Signal::Bell],
            severity: Severity::High,
            webhooks: Vec::new(),
        }
    }
}

/// How a terminal tells that something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// The bell.
    Bell,
    /// A desktop notification as iTerm2, `WezTerm`, Windows Terminal and kitty understand it.
    Osc9,
    /// The same for urxvt, foot, Ghostty and VTE.
    Osc777,
}

/// What a webhook is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The incident as JSON, with every field.
    #[default]
    Json,
    /// `{"text": …}`, as Slack and those compatible with it take it.
    Slack,
}

/// `[[alerts.webhooks]]`: an address that is told of incidents.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// What to call it; absent = its host.
    pub name: Option<String>,
    /// The address itself. It often is a secret: better in `url_env` or `url_file`.
    pub url: Option<String>,
    /// The environment variable that holds the address.
    pub url_env: Option<String>,
    /// The file that holds the address, absolute, from `~`, or beside the config file.
    pub url_file: Option<PathBuf>,
    /// What it is sent.
    pub format: Format,
    /// It is told of incidents this bad and worse.
    pub severity: Severity,
    /// Whether it is told of their end, too.
    pub resolved: bool,
    /// Headers to send; a value `env:NAME` or `file:PATH` is looked up there.
    pub headers: BTreeMap<String, String>,
    /// A file of certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl Default for Webhook {
    fn default() -> Self {
        Self {
            name: None,
            url: None,
            url_env: None,
            url_file: None,
            format: Format::Json,
            severity: Severity::Low,
            resolved: true,
            headers: BTreeMap::new(),
            ca_file: None,
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address and the headers' values may let anybody in: they are never shown.
        let set = |there: bool| if there { "set" } else { "none" };
        f.debug_struct("Webhook")
            .field("name", &self.name)
            .field("url", &set(self.url.is_some()))
            .field("url_env", &self.url_env)
            .field("url_file", &self.url_file)
            .field("format", &self.format)
            .field("severity", &self.severity)
            .field("resolved", &self.resolved)
            .field("headers", &self.headers.keys())
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

impl AlertSettings {
    /// What types can't tell, and the remedy.
    pub(super) fn problem(&self) -> Option<(&'static str, &'static str)> {
        if self.rules.iter().any(|path| path.as_os_str().is_empty()) {
            return Some(("an empty name is no file", "name a file of rules, like \"alerts.yaml\""));
        }
        for hook in &self.webhooks {
            let ways = [hook.url.is_some(), hook.url_env.is_some(), hook.url_file.is_some()];
            match ways.iter().filter(|there| **there).count() {
                1 => {}
                0 => return Some(("a webhook has no address", "give it one of url, url_env, url_file")),
                _ => return Some(("a webhook has several addresses", "keep one of url, url_env, url_file")),
            }
            if hook
                .url
                .as_ref()
                .is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
            {
                return Some(("a webhook's url is no address", "begin it with https:// or http://"));
            }
        }
        None
    }

    /// Every path in it made whole: `~` is `home`, what is not absolute lies in `beside`.
    pub(super) fn resolve(&mut self, beside: Option<&Path>, home: Option<&str>) {
        let files =
            self.webhooks.iter_mut().flat_map(|hook| [&mut hook.url_file, &mut hook.ca_file]).flatten();
        for path in self.rules.iter_mut().chain(files) {
            *path = whole(path, beside, home);
        }
        for value in self.webhooks.iter_mut().flat_map(|hook| hook.headers.values_mut()) {
            if let Some(path) = value.strip_prefix("file:") {
                *value = format!("file:{}", whole(Path::new(path), beside, home).display());
            }
        }
    }
}

fn whole(path: &Path, beside: Option<&Path>, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix("~"), home, beside) {
        (Ok(rest), Some(home), _) => Path::new(home).join(rest),
        (Err(_), _, Some(beside)) => beside.join(path),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_never_shown() {
        let hook = Webhook {
            url: Some("https://hooks.example/T0/SECRET".into()),
            headers: BTreeMap::from([("Authorization".into(), "Bearer SECRET".into())]),
            ..Webhook::default()
        };
        let shown = format!("{:?}", AlertSettings { webhooks: vec![hook], ..AlertSettings::default() });
        assert!(!shown.contains("SECRET") && shown.contains("Authorization"), "{shown}");
    }

    #[test]
    fn paths_are_made_whole() {
        let hook = Webhook {
            url_file: Some("hook.url".into()),
            headers: BTreeMap::from([("x".into(), "file:~/token".into())]),
            ..Webhook::default()
        };
        let mut settings = AlertSettings {
            rules: vec!["a.yaml".into(), "~/b.yaml".into(), "/c.yaml".into()],
            webhooks: vec![hook],
            ..AlertSettings::default()
        };
        settings.resolve(Some(Path::new("/etc/qd")), Some("/home/ada"));
        let rules: Vec<_> = settings.rules.iter().map(|path| path.display().to_string()).collect();
        assert_eq!(rules, ["/etc/qd/a.yaml", "/home/ada/b.yaml", "/c.yaml"]);
        assert_eq!(settings.webhooks[0].url_file.as_deref(), Some(Path::new("/etc/qd/hook.url")));
        assert_eq!(settings.webhooks[0].headers["x"], "file:/home/ada/token");
    }
}
