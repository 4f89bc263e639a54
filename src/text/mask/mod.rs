//! Secrets, hidden where they enter.
//!
//! Masks rather too much than too little: an environment value is hidden unless it is evidently
//! harmless, because nobody can list every name a secret may have. What is masked is replaced
//! whole by [`MASK`], so its length tells nothing. Does not sanitise (except [`json`], whose
//! strings go to the terminal as they are).

mod args;
mod env;
mod free;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub use args::args;
pub use env::env;
pub use free::text;

use super::sanitize;

/// What stands in place of a secret.
pub const MASK: &str = "••••";

/// Parts of a name that make its value a secret wherever they occur in it.
const STRONG: [&str; 19] = [
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "secret",
    "token",
    "credential",
    "apikey",
    "privatekey",
    "accesskey",
    "secretkey",
    "signingkey",
    "encryptionkey",
    "cookie",
    "session",
    "requirepass",
    "masterauth",
    "basicauth",
    "private",
];
/// Whole words of a name that do.
const WORDS: [&str; 15] = [
    "pass",
    "pwd",
    "pw",
    "key",
    "keys",
    "auth",
    "authorization",
    "dsn",
    "salt",
    "pin",
    "otp",
    "jwt",
    "pat",
    "sas",
    "creds",
];

/// Whether a name (of a variable, flag, label, field) says that its value is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let mut joined = String::with_capacity(name.len());
    let mut word = String::new();
    let mut secret = false;
    let mut previous_lower = false;
    for c in name.chars().take(256).chain(std::iter::once('_')) {
        // A new word: at a separator, and at a capital after a small letter (`dbPassword`).
        if !c.is_alphanumeric() || (c.is_uppercase() && previous_lower) {
            secret |= WORDS.contains(&word.as_str());
            word.clear();
        }
        previous_lower = c.is_lowercase();
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
            joined.extend(c.to_lowercase());
        }
    }
    secret || STRONG.iter().any(|part| joined.contains(part))
}

/// Whether a value is a secret by its own look: tokens that announce themselves, key files.
pub(super) fn is_secret_value(value: &str) -> bool {
    const PREFIXES: [&str; 16] = [
        "sk_live_",
        "sk_test_",
        "rk_live_",
        "whsec_",
        "sk-",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "AKIA",
        "ASIA",
        "-----BEGIN",
        "hvs.",
    ];
    let long = value.len() >= 16;
    (long && PREFIXES.iter().any(|p| value.starts_with(p)))
        || (long && value.starts_with("eyJ") && value.contains('.'))
}

/// Whether a value names a file: the place of a secret is not the secret.
pub(super) fn is_path(value: &str) -> bool {
    (value.starts_with('/') || value.starts_with("./") || value.starts_with("../") || value.starts_with("~/"))
        && !value.contains(char::is_whitespace)
        && !value.ends_with('=')
}

/// Masks an engine's inspect answer in place, wherever secrets can be in it: `Env` lists, command
/// lines (`Cmd`, `Args`, `Entrypoint`, `Test`), labels and options with secret-looking names, URLs
/// anywhere. Sanitises every string and key too.
pub fn json(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, mut value) in std::mem::take(map) {
                entry(&key, &mut value);
                put(map, sanitize::block(&key), value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(json),
        Value::String(string) => *string = text(&sanitize::block(string)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Two hostile keys may become one by sanitising; both are kept.
fn put(map: &mut Map<String, Value>, key: String, value: Value) {
    let mut free = key;
    while map.contains_key(&free) {
        free.push('\'');
    }
    map.insert(free, value);
}

fn entry(key: &str, value: &mut Value) {
    match (key, &mut *value) {
        ("Env", Value::Array(items)) => {
            for item in items {
                match item {
                    Value::String(pair) => {
                        let clean = sanitize::block(pair);
                        *pair = match clean.split_once('=') {
                            Some((name, value)) => format!("{name}={}", env(name, value)),
                            None => clean,
                        };
                    }
                    other => json(other),
                }
            }
        }
        ("Cmd" | "Args" | "Entrypoint" | "Test" | "Command", Value::Array(items))
            if items.iter().all(Value::is_string) =>
        {
            let words: Vec<String> = items.iter().filter_map(Value::as_str).map(sanitize::block).collect();
            *items = args(&words).into_iter().map(Value::String).collect();
        }
        (key, Value::String(string)) if is_secret_name(key) && !string.is_empty() && !is_path(string) => {
            MASK.clone_into(string);
        }
        _ => json(value),
    }
}
