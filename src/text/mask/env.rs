//! Environment variables: shown only when evidently harmless.

use super::free::text;
use super::{MASK, is_path, is_secret_name, is_secret_value};

/// Words of a name whose value is a setting, not a secret.
const SETTINGS: [&str; 87] = [
    "addr",
    "address",
    "addresses",
    "allowed",
    "app",
    "arch",
    "backend",
    "bind",
    "bootstrap",
    "broker",
    "brokers",
    "bucket",
    "cache",
    "channel",
    "charset",
    "cluster",
    "color",
    "colour",
    "concurrency",
    "count",
    "currency",
    "database",
    "db",
    "debug",
    "delay",
    "dir",
    "directory",
    "disabled",
    "domain",
    "driver",
    "enable",
    "enabled",
    "encoding",
    "endpoint",
    "env",
    "environment",
    "exchange",
    "flags",
    "format",
    "gid",
    "group",
    "home",
    "host",
    "hostname",
    "hosts",
    "interval",
    "kind",
    "lang",
    "language",
    "level",
    "limit",
    "listen",
    "locale",
    "log",
    "max",
    "min",
    "mode",
    "name",
    "namespace",
    "opts",
    "origin",
    "path",
    "platform",
    "policy",
    "port",
    "prefix",
    "profile",
    "project",
    "queue",
    "region",
    "replicas",
    "retries",
    "role",
    "root",
    "server",
    "servers",
    "service",
    "size",
    "stage",
    "threads",
    "timeout",
    "timezone",
    "topic",
    "ttl",
    "uid",
    "user",
    "username",
];
/// Names as a whole.
const NAMES: [&str; 20] = [
    "PATH", "PWD", "OLDPWD", "TZ", "TERM", "SHELL", "SHLVL", "LANG", "LANGUAGE", "PAGER", "EDITOR",
    "VERSION", "WORKERS", "ZONE", "URL", "URI", "TYPE", "COMMIT", "BUILD", "RELEASE",
];
/// Values that are a choice between known words.
const CHOICES: [&str; 38] = [
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "enabled",
    "disabled",
    "none",
    "null",
    "auto",
    "default",
    "always",
    "never",
    "trace",
    "debug",
    "info",
    "notice",
    "warn",
    "warning",
    "error",
    "fatal",
    "critical",
    "silent",
    "production",
    "prod",
    "development",
    "dev",
    "staging",
    "test",
    "testing",
    "local",
    "json",
    "text",
    "noninteractive",
    "utc",
    "http",
    "https",
];

/// The value of an environment variable as it may be shown.
pub fn env(name: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    if is_secret_name(name) {
        // `POSTGRES_PASSWORD_FILE=/run/secrets/db` names a place.
        return if is_path(value) && words(name).any(|w| w == "file" || w == "path" || w == "dir") {
            value.into()
        } else {
            MASK.into()
        };
    }
    if is_secret_value(value) {
        return MASK.into();
    }
    if value.contains("://") {
        return text(value);
    }
    let lower = value.to_ascii_lowercase();
    let harmless = CHOICES.contains(&lower.as_str())
        || is_figure(value)
        || is_path(value)
        || is_address(value)
        || is_zone_or_locale(value)
        || NAMES.contains(&name.to_ascii_uppercase().as_str())
        || name.starts_with("LC_")
        || (words(name).any(|w| SETTINGS.contains(&w.as_str())) && !is_random(value));
    if harmless { text(value) } else { MASK.into() }
}

fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

/// Numbers, versions, durations, sizes: `8080`, `1.4.2`, `v3.11.2-slim`, `30s`, `512M`. Long runs
/// of digits can be anything and are not.
fn is_figure(value: &str) -> bool {
    let digits = value.strip_prefix(['v', '-', '+']).unwrap_or(value);
    value.len() <= 16
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.split(['.', '-', '_']).all(|part| {
            let figures = part.bytes().take_while(u8::is_ascii_digit).count();
            figures <= 8
                && part.len() - figures <= 6
                && part
                    .bytes()
                    .skip(figures)
                    .all(|b| b.is_ascii_lowercase() || b == b'M' || b == b'G' || b == b'K')
        })
        && (value.len() <= 8 || value.contains('.'))
}

/// Addresses: `0.0.0.0`, `::1`, `db`-like only with a port (`db:5432`), dotted names, lists of them.
fn is_address(value: &str) -> bool {
    let one = |item: &str| {
        if item.parse::<std::net::IpAddr>().is_ok() || item == "localhost" || item == "*" {
            return true;
        }
        let (host, port) = item.rsplit_once(':').map_or((item, None), |(h, p)| (h, Some(p)));
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 40
                && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let top = host.rsplit('.').next().unwrap_or("");
        host.split('.').all(label)
            && port.is_none_or(|p| !p.is_empty() && p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit()))
            && (port.is_some()
                || (host.contains('.') && top.len() >= 2 && top.bytes().all(|b| b.is_ascii_lowercase())))
    };
    value.split(',').all(|item| one(item.trim()))
}

/// `Europe/Berlin`, `en_US.UTF-8`, `C.UTF-8`.
fn is_zone_or_locale(value: &str) -> bool {
    let capital = |s: &str| {
        s.starts_with(|c: char| c.is_ascii_uppercase())
            && s.len() <= 20
            && s.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
    };
    value.ends_with(".UTF-8") && value.len() <= 16
        || value.split_once('/').is_some_and(|(area, city)| capital(area) && city.split('/').all(capital))
}

/// Whether a value looks drawn at random: long, no blank, letters of both cases mixed with digits,
/// or long hexadecimal.
fn is_random(value: &str) -> bool {
    let long_run =
        value.split(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/' && c != '=').any(|run| {
            let has = |f: fn(&u8) -> bool| run.bytes().any(|b| f(&b));
            let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
            let hex = run.len() >= 24 && run.bytes().all(|b| b.is_ascii_hexdigit());
            (run.len() >= 16 && mixed) || hex
        });
    long_run && !value.contains(' ')
}
