//! Whom a container needs, read from its environment: hosts and ports, and the names of the
//! variables they stand in. Pure.
//!
//! Of a value nothing is kept but host and port. Must not: keep a piece of a secret, however badly
//! it was written down: where it can't be told from a host, there is none.

use std::collections::BTreeSet;

use crate::fleet::{How, Want};
use crate::text::sanitize::label;

/// So many are kept of one container: longer lists are no lists of services.
const MANY: usize = 64;
/// Variables looked at.
const VARIABLES: usize = 1024;
/// The longest value looked at, bytes.
const VALUE: usize = 4096;
/// The longest host name kept.
const NAME: usize = 128;

/// Words in the names of variables that say who calls it, what it is itself, or where it was had from.
const OTHER_WAY: [&str; 20] = [
    "ADVERTISED",
    "ALLOW",
    "ALLOWED",
    "BIND",
    "CALLBACK",
    "CORS",
    "DOWNLOAD",
    "HEALTHCHECK",
    "LISTEN",
    "LISTENER",
    "LISTENERS",
    "NO",
    "ORIGIN",
    "ORIGINS",
    "PIP",
    "REDIRECT",
    "REFERER",
    "TRUSTED",
    "VIRTUAL",
    "WHITELIST",
];
/// Last words of the names of variables that hold hosts, with a port or without.
const HOSTS: [&str; 8] = ["BROKER", "BROKERS", "HOST", "HOSTNAME", "HOSTNAMES", "HOSTS", "SERVER", "SERVERS"];
/// Last words of those that may, and do where there is a port.
const ENDPOINTS: [&str; 27] = [
    "ADDR",
    "ADDRESS",
    "ADDRESSES",
    "ADDRS",
    "BACKEND",
    "BACKENDS",
    "CLUSTER",
    "CONNECT",
    "ENDPOINT",
    "ENDPOINTS",
    "NODE",
    "NODES",
    "PEERS",
    "PROXY",
    "REGISTRY",
    "SEEDS",
    "SENTINEL",
    "SENTINELS",
    "SERVICE",
    "TARGET",
    "TARGETS",
    "UPSTREAM",
    "UPSTREAMS",
    "URI",
    "URIS",
    "URL",
    "URLS",
];
/// Ends of what is fetched once, when an image is made.
const FILES: [&str; 10] = [".asc", ".deb", ".gz", ".jar", ".py", ".sh", ".tgz", ".whl", ".xz", ".zip"];

/// Whom the environment (`NAME=value`) names, sorted.
pub(in crate::engine) fn wants<'e>(env: impl Iterator<Item = &'e str>) -> Vec<Want> {
    let pairs: Vec<(&str, &str)> = env.take(VARIABLES).filter_map(|pair| pair.split_once('=')).collect();
    let mut found: BTreeSet<(String, Option<u16>, &str)> = BTreeSet::new();
    for (key, value) in &pairs {
        if value.len() > VALUE || is_other_way(key) {
            continue;
        }
        for (host, port) in hosts(key, value, &pairs) {
            if found.len() < MANY && is_host(&host) && !is_token(&host) {
                found.insert((host, port, key));
            }
        }
    }
    let want = |(host, port, key): (String, _, &str)| {
        let how = How::Variable(label(key, NAME));
        Want { host: label(&host, NAME), port, how }
    };
    found.into_iter().map(want).collect()
}

fn hosts(key: &str, value: &str, all: &[(&str, &str)]) -> Vec<(String, Option<u16>)> {
    if value.contains("://") {
        return urls(value);
    }
    if let Some(inside) = value.split_once("@tcp(").and_then(|(_, rest)| Some(rest.split_once(')')?.0)) {
        return endpoint(inside).into_iter().collect();
    }
    if let Some(found) = connection_string(value) {
        return vec![found];
    }
    let upper = key.to_ascii_uppercase();
    let (prefix, last) = match upper.rsplit_once('_') {
        Some((prefix, last)) => (prefix, last),
        None if upper == "PGHOST" => ("PG", "HOST"),
        None => ("", upper.as_str()),
    };
    let bare = HOSTS.contains(&last);
    if !bare && !ENDPOINTS.contains(&last) {
        return Vec::new();
    }
    let beside = if bare { port_beside(prefix, all) } else { None };
    let items = value.split([',', ' ', ';']).map(str::trim).filter(|item| !item.is_empty());
    let found = items.filter_map(endpoint).map(|(host, port)| (host, port.or(beside)));
    found.filter(|(_, port)| bare || port.is_some()).collect()
}

/// The hosts in all URLs of a value (`jdbc:postgresql://a:1,b:2/x`, several URLs, too).
fn urls(value: &str) -> Vec<(String, Option<u16>)> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("://") {
        rest = after;
        let scheme = scheme(before);
        let is_http = matches!(scheme.as_str(), "http" | "https");
        let end = after.find(['/', '?', '#', ' ', '"', '\'', '|', '<', '>', '\\']).unwrap_or(after.len());
        let (authority, path) = after.split_at_checked(end).unwrap_or((after, ""));
        let path = path.split([' ', '"', '\'', ',']).next().unwrap_or_default();
        if is_http && FILES.iter().any(|file| path.ends_with(file)) {
            continue;
        }
        let hosts = if let Some((_, hosts)) = authority.rsplit_once('@') {
            hosts
        } else {
            // A `/`, `?` or `#` in a secret that should have been encoded: what looks like a host may
            // be a piece of it. Better none than that.
            let path = if is_http { path.split('?').next().unwrap_or_default() } else { path };
            if path.contains('@') && (!is_http || authority.contains(':')) {
                continue;
            }
            authority
        };
        // `sqlserver://db:1433;user=…`
        let hosts = hosts.split(';').next().unwrap_or_default();
        let known = default_port(&scheme);
        let hosts = hosts.split(',').filter(|item| !item.is_empty()).filter_map(endpoint);
        found.extend(hosts.map(|(host, port)| (host, port.or(known))));
    }
    found
}

/// `Server=db,1433;Database=…`, `host=db port=5432 user=…`: the host of a connection string.
fn connection_string(value: &str) -> Option<(String, Option<u16>)> {
    let by = if value.contains(';') { ';' } else { ' ' };
    let pairs = || {
        let pairs = value.split(by).filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim()))
    };
    // One pair alone is somebody's option.
    pairs().nth(1)?;
    let host = pairs().find(|(key, _)| matches!(key.as_str(), "host" | "server" | "data source"))?.1;
    let host = host.strip_prefix("tcp:").unwrap_or(host).replacen(',', ":", 1);
    let (host, port) = endpoint(&host)?;
    let beside = || pairs().find(|(key, _)| key == "port").and_then(|(_, port)| port.parse().ok());
    Some((host, port.or_else(beside)))
}

/// The scheme that ends before `://`, lower case.
fn scheme(before: &str) -> String {
    let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')));
    let word = before.get(start.map_or(0, |at| at + 1)..).unwrap_or_default();
    word.to_ascii_lowercase()
}

/// The port of a URL that names none.
fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "postgres" | "postgresql" => 5432,
        "mysql" | "mariadb" => 3306,
        "redis" | "rediss" => 6379,
        "mongodb" => 27017,
        "amqp" => 5672,
        "amqps" => 5671,
        "nats" => 4222,
        _ => return None,
    })
}

/// `5432`, where `DB_HOST` stands beside `DB_PORT=5432`.
fn port_beside(prefix: &str, all: &[(&str, &str)]) -> Option<u16> {
    let is_port = |key: &str| {
        let rest = key.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix));
        rest.is_some() && matches!(key.get(prefix.len()..), Some("_PORT" | "PORT" | "_port" | "port"))
    };
    all.iter().find(|(key, _)| is_port(key)).and_then(|(_, value)| value.trim().parse().ok())
}

/// `db` and 5432 of `db:5432`, also of `[fd00::1]:5432`; `None` where there is more to it.
fn endpoint(item: &str) -> Option<(String, Option<u16>)> {
    let item = item.trim();
    if let Some(rest) = item.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
        return address.parse::<std::net::Ipv6Addr>().ok().map(|ip| (ip.to_string(), port));
    }
    match item.split_once(':') {
        Some((host, port)) => {
            // `image:tag` is no endpoint, nor is a name with a secret.
            let port = port.parse::<u16>().ok().filter(|port| *port != 0)?;
            Some((host.to_ascii_lowercase(), Some(port)))
        }
        None => Some((item.to_ascii_lowercase(), None)),
    }
}

/// Whether it can be a host's name or address: no variable, no path, no sentence.
fn is_host(host: &str) -> bool {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    !host.is_empty()
        && host.len() <= NAME
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && host.bytes().any(|b| b.is_ascii_alphabetic())
        && !matches!(host, "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null")
}

/// Whether it looks like a token more than like a name somebody gave: long, in one piece, and full of
/// digits.
fn is_token(host: &str) -> bool {
    let digits = host.bytes().filter(u8::is_ascii_digit).count();
    host.len() >= 20 && digits >= 4 && !host.contains(['.', '-', ':'])
}

/// Whether a variable tells of who calls, or of what it is itself.
fn is_other_way(key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    upper == "HOST"
        || upper == "HOSTNAME"
        || upper.split(['_', '.', '-']).any(|word| OTHER_WAY.contains(&word))
}

#[cfg(test)]
#[path = "wants_tests.rs"]
mod tests;
