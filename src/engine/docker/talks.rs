//! Whom a container talks to, read from its environment: host names in addresses. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::text::sanitize::label;

/// Names kept: a list longer than this is no list of services.
const MANY: usize = 64;
/// The longest host name.
const NAME: usize = 128;

/// The host names in URLs (`postgres://u:p@db:5432/x`, several hosts too), in lists of `host:port`,
/// and in variables called `…HOST`, sorted. No addresses, and not this machine itself.
pub(in crate::engine) fn talks_to<'e>(env: impl Iterator<Item = &'e str>) -> Vec<Arc<str>> {
    let mut names = BTreeSet::new();
    for pair in env {
        let Some((key, value)) = pair.split_once('=') else { continue };
        if value.len() > 4096 {
            continue;
        }
        for host in hosts(key, value) {
            if names.len() < MANY && is_name(host) {
                names.insert(host.to_ascii_lowercase());
            }
        }
    }
    names.into_iter().map(|name| label(&name, NAME)).collect()
}

fn hosts<'v>(key: &str, value: &'v str) -> Vec<&'v str> {
    let mut found = Vec::new();
    let mut rest = value;
    let mut urls = false;
    while let Some((_, after)) = rest.split_once("://") {
        urls = true;
        let authority = after.split(['/', '?', '#', ' ', '"', '\'']).next().unwrap_or_default();
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // `mongodb://a:1,b:2/x` has several; a list of URLs has the next scheme at its end.
        found.extend(authority.split([',', ';']).map(host));
        rest = after;
    }
    if urls {
        return found;
    }
    let key = key.to_ascii_uppercase();
    if key.ends_with("HOST") || key.ends_with("HOSTNAME") || key.ends_with("HOSTS") {
        return value.split([',', ' ']).map(host).collect();
    }
    // A list of which every item is `host:port`.
    let items: Vec<&str> = value.split([',', ' ']).filter(|item| !item.is_empty()).collect();
    let is_endpoint = |item: &&str| {
        item.rsplit_once(':').is_some_and(|(host, port)| is_name(host) && port.parse::<u16>().is_ok())
    };
    if items.iter().all(is_endpoint) { items.into_iter().map(host).collect() } else { found }
}

/// `db` of `db:5432`.
fn host(item: &str) -> &str {
    item.trim().split(':').next().unwrap_or_default()
}

/// Whether it can be another container's name: no address, no variable, not this machine.
fn is_name(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= NAME
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && host.bytes().any(|b| b.is_ascii_alphabetic())
        && !host.eq_ignore_ascii_case("localhost")
        && host != "host.docker.internal"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(env: &[&str]) -> Vec<String> {
        talks_to(env.iter().copied()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn hosts_of_urls_without_their_secrets() {
        assert_eq!(names(&["DATABASE_URL=postgres://ann:p@ss:w@db:5432/shop?x=http"]), ["db"]);
        assert_eq!(names(&["SPRING_URL=jdbc:postgresql://Orders-DB:5432/x"]), ["orders-db"]);
        assert_eq!(names(&["M=mongodb://u:p@m1:27017,m2:27017,m3/x?replicaSet=r"]), ["m1", "m2", "m3"]);
        assert_eq!(names(&["PEERS=http://a:1, http://b/x"]), ["a", "b"]);
        assert_eq!(names(&["A=redis://cache", "B=redis://cache:6379/1"]), ["cache"]);
    }

    #[test]
    fn lists_of_endpoints_and_hosts() {
        assert_eq!(names(&["KAFKA_BROKERS=kafka-1:9092,kafka-2:9092"]), ["kafka-1", "kafka-2"]);
        assert_eq!(names(&["DB_HOST=postgres", "REDIS_ADDR=redis:6379"]), ["postgres", "redis"]);
        assert!(names(&["NOTE=at 12:30, see x:y", "IMAGE=shop/api:12", "VERSION=1.2:3"]).is_empty());
    }

    #[test]
    fn neither_this_machine_nor_addresses() {
        let env = ["A=http://localhost:80", "B=http://127.0.0.1", "C=http://[::1]:8080/x", "D_HOST=0.0.0.0"];
        assert!(names(&env).is_empty(), "{:?}", names(&env));
        assert!(names(&["X=http://${HOST}/", "Y=://", "Z"]).is_empty());
        assert!(names(&["Q=http://\u{1b}[31mdb/"]).is_empty());
    }
}
