//! What is masked everywhere else, as it is: for as long as somebody has to see it, and no longer.

use std::fmt;

use serde_json::Value;

use crate::text::mask::{self, MASK};
use crate::text::sanitize::{block, label};

/// The longest name kept, characters.
const NAME: usize = 1024;
/// The longest value compared with its mask, characters.
const VALUE: usize = 8192;

/// The environment values of a replica that are shown masked elsewhere, as they are; sanitised.
/// Nothing but [`Secrets::get`] and [`Secrets::put_into`] gives them away: formatting it tells names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Those of an environment (names and values as the engine has them) that are masked.
    pub fn of<'a>(env: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let is_masked = |(name, value): &(&str, &str)| {
            let shown = label(value, VALUE);
            mask::env(name, &shown) != *shown
        };
        let secret = |(name, value): (&str, &str)| (label(name, NAME).to_string(), block(value));
        Self(env.into_iter().filter(is_masked).map(secret).collect())
    }

    /// The same, of `NAME=value` pairs.
    pub fn of_pairs<'a>(pairs: impl IntoIterator<Item = &'a String>) -> Self {
        Self::of(pairs.into_iter().filter_map(|pair| pair.split_once('=')))
    }

    /// The names whose values are masked in an environment as [`super::Details`] have it.
    pub fn masked(env: &[(String, String)]) -> Vec<String> {
        env.iter().filter(|(_, value)| value.contains(MASK)).map(|(name, _)| name.clone()).collect()
    }

    /// Their names, in the engine's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of that name; may have several lines.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Put them in their places in an engine's masked answer: wherever it has a list called `Env`.
    pub fn put_into(&self, raw: &mut Value) {
        match raw {
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    match value {
                        Value::Array(pairs) if key == "Env" => self.put_into_pairs(pairs),
                        value => self.put_into(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.put_into(item)),
            _ => {}
        }
    }

    fn put_into_pairs(&self, pairs: &mut [Value]) {
        for pair in pairs {
            let Value::String(text) = pair else { continue };
            if let Some((name, value)) =
                text.split_once('=').and_then(|(name, _)| Some((name, self.get(name)?)))
            {
                *text = format!("{name}={value}");
            }
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.names().map(|name| (name, MASK))).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn some() -> Secrets {
        let pairs =
            ["PORT=80", "DB_PASSWORD=hunter2", "URL=postgres://app:pw@db/x", "UNSET", "KEY=a\nb\u{1b}[2J"];
        Secrets::of_pairs(&pairs.map(str::to_owned))
    }

    #[test]
    fn only_what_is_masked_is_in_it() {
        let secrets = some();
        assert_eq!(secrets.names().collect::<Vec<_>>(), ["DB_PASSWORD", "URL", "KEY"]);
        assert_eq!(secrets.get("DB_PASSWORD"), Some("hunter2"));
        assert_eq!(secrets.get("URL"), Some("postgres://app:pw@db/x"));
        assert_eq!(secrets.get("KEY"), Some("a\nb"), "lines stay, escapes go");
        assert_eq!(secrets.get("PORT"), None);
    }

    #[test]
    fn formatting_tells_no_value() {
        let said = format!("{:?} {:#?}", some(), Some(some()));
        assert!(said.contains("DB_PASSWORD") && !said.contains("hunter2") && !said.contains("pw@"), "{said}");
    }

    #[test]
    fn they_go_where_their_masks_are() {
        let mut raw = json!({"Config": {"Env": ["PORT=80", "DB_PASSWORD=••••", "OTHER=••••"], "Cmd": ["DB_PASSWORD=••••"]}});
        some().put_into(&mut raw);
        assert_eq!(raw["Config"]["Env"], json!(["PORT=80", "DB_PASSWORD=hunter2", "OTHER=••••"]));
        assert_eq!(raw["Config"]["Cmd"], json!(["DB_PASSWORD=••••"]));
    }

    #[test]
    fn what_is_masked_is_told_by_name() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let env = [pair("A", "1"), pair("B", MASK), pair("C", "x://u:••••@h")];
        assert_eq!(Secrets::masked(&env), ["B", "C"]);
    }
}
