//! A value that may be secret: written out, or where it is to be found.

use std::fmt;
use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest value read from a file, bytes.
const MAX_FILE: usize = 16 * 1024;

/// What a file says instead of a value: `env:NAME`, `file:/PATH`, or the value itself, which is
/// then shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// What it is now. Reads a file where it says so.
    ///
    /// # Errors
    /// One clause: the variable is not set, the file can't be read.
    pub fn reveal(&self, env: impl Fn(&str) -> Option<String>) -> Result<String, String> {
        if let Some(name) = self.0.strip_prefix("env:") {
            return env(name).ok_or_else(|| format!("the variable {name} is not set"));
        }
        let Some(path) = self.0.strip_prefix("file:") else { return Ok(self.0.clone()) };
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path} can't be read: {error}"))?;
        if text.len() > MAX_FILE {
            return Err(format!("{path} is too long for a value"));
        }
        // Editors end the last line.
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// The reference as written; `***` for a value.
    fn shown(&self) -> &str {
        if self.0.starts_with("env:") || self.0.starts_with("file:") { &self.0 } else { "***" }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if let Some(path) = text.strip_prefix("file:")
            && !Path::new(path).is_absolute()
        {
            return Err(D::Error::custom("the path depends on where qd is started: begin it with /"));
        }
        if text.strip_prefix("env:").is_some_and(str::is_empty) {
            return Err(D::Error::custom("`env:` names no variable"));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Result<Secret, serde_json::Error> {
        serde_json::from_value(text.into())
    }

    #[test]
    fn values_come_from_where_it_is_said_and_are_shown_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "from-file\n").unwrap();
        let env = |name: &str| (name == "TOKEN").then(|| "from-env".to_owned());
        let by_file = format!("file:{}", file.display());
        for (text, value, shown) in [
            ("hunter2", "hunter2", "***"),
            ("env:TOKEN", "from-env", "env:TOKEN"),
            (by_file.as_str(), "from-file", by_file.as_str()),
        ] {
            let secret = secret(text).unwrap();
            assert_eq!(secret.reveal(env).unwrap(), value);
            assert_eq!(serde_json::to_value(&secret).unwrap(), shown);
            assert_eq!(format!("{secret:?}"), shown);
        }
        assert!(secret("env:OTHER").unwrap().reveal(env).unwrap_err().contains("OTHER is not set"));
        assert!(secret("file:/no/such/file").unwrap().reveal(env).unwrap_err().contains("can't be read"));
        assert!(secret("file:token").is_err() && secret("env:").is_err());
    }
}
