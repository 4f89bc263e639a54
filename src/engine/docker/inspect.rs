//! Everything about one container: asked, sanitised, masked.

use std::sync::Arc;
use std::time::Duration;

use super::api::{HealthEntry, Healthcheck, Inspected, MountPoint, Network, RestartPolicy};
use super::spec::{Settings, is_anonymous};
use super::wire::{Wire, segment};
use super::{Shared, failure, map};
use crate::engine::{Details, EngineError, HealthLog, HealthSpec, Mount, NetworkLink, Secrets};
use crate::fleet::ReplicaId;
use crate::text::mask;
use crate::text::sanitize::{block, label};

/// The longest path or name kept, characters.
const PATH: usize = 1024;
/// How often to look whether something has become so.
const AGAIN: Duration = Duration::from_millis(50);
/// The longest single value kept, characters.
const VALUE: usize = 8192;

/// Inspect a container by its full id; the parts the fleet needs.
pub(super) async fn fetch(shared: &Shared, id: &str) -> Result<Inspected, EngineError> {
    let body = shared.wire.fetch(&path(id), short(id)).await?;
    read_whole(shared, &body).await
}

/// Only what the engine says, without what takes its image to know.
pub(super) async fn fetch_bare(wire: &Wire, id: &str) -> Result<Inspected, EngineError> {
    wire.get(&path(id), short(id)).await
}

/// Its settings as they are, by id or exact name; secrets are in them.
pub(super) async fn settings(wire: &Wire, id: &str) -> Result<Settings, EngineError> {
    let body = wire.fetch(&path(id), short(id)).await?;
    Settings::read(&body).map_err(|e| failure::garbage(&e, "an inspect"))
}

/// Wait until a container that is being removed is no more.
pub(super) async fn until_gone(wire: &Wire, id: &str, within: Duration) -> Result<(), EngineError> {
    let gone = async {
        loop {
            match fetch_bare(wire, id).await {
                Ok(_) => tokio::time::sleep(AGAIN).await,
                Err(EngineError::Gone { .. }) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    tokio::time::timeout(within, gone).await.map_err(|_| wire.late(within, "removing"))?
}

/// An inspect's answer, with the fingerprint of the settings in it.
async fn read_whole(shared: &Shared, body: &[u8]) -> Result<Inspected, EngineError> {
    let garbage = |e: serde_json::Error| failure::garbage(&e, "an inspect");
    let mut it: Inspected = serde_json::from_slice(body).map_err(garbage)?;
    it.spec = shared.images.fingerprint(&shared.wire, &Settings::read(body).map_err(garbage)?).await;
    Ok(it)
}

/// Everything about a replica.
pub(super) async fn details(shared: Arc<Shared>, of: ReplicaId) -> Result<Details, EngineError> {
    let body = shared.wire.fetch(&path(&of.id), of.short()).await?;
    let it = read_whole(&shared, &body).await?;
    let mut raw: serde_json::Value =
        serde_json::from_slice(&body).map_err(|e| failure::garbage(&e, "an inspect"))?;
    mask::json(&mut raw);
    Ok(read(&shared, &it, raw))
}

/// What is masked in the environment of a replica.
pub(super) async fn secrets(shared: Arc<Shared>, of: ReplicaId) -> Result<Secrets, EngineError> {
    let body = shared.wire.fetch(&path(&of.id), of.short()).await?;
    let it: Inspected = serde_json::from_slice(&body).map_err(|e| failure::garbage(&e, "an inspect"))?;
    Ok(Secrets::of_pairs(it.config.env.iter().flatten()))
}

pub(super) fn path(id: &str) -> String {
    format!("/containers/{}/json", segment(id))
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

fn read(shared: &Shared, it: &Inspected, raw: serde_json::Value) -> Details {
    let words: Vec<String> =
        it.path.iter().chain(it.args.iter().flatten()).map(|word| line(word, VALUE)).collect();
    let health = it.state.health.as_ref();
    Details {
        replica: map::from_inspected(&shared.id, it),
        command: mask::args(&words),
        env: it.config.env.iter().flatten().map(|pair| variable(pair)).collect(),
        labels: labels(it),
        mounts: mounts(it),
        networks: networks(it),
        restart_policy: restart_policy(it.host_config.restart_policy.as_ref()),
        user: text(it.config.user.as_ref()),
        workdir: text(it.config.working_dir.as_ref()),
        hostname: text(it.config.hostname.as_ref()),
        log_driver: text(it.host_config.log_config.as_ref().and_then(|l| l.driver.as_ref())),
        log_path: Some(text(it.log_path.as_ref())).filter(|path| !path.is_empty()),
        health: it.config.healthcheck.as_ref().and_then(health_spec),
        health_log: health
            .and_then(|h| h.log.as_ref())
            .into_iter()
            .flatten()
            .filter_map(health_log)
            .collect(),
        failing_streak: health.and_then(|h| u32::try_from(h.failing_streak?).ok()).unwrap_or(0),
        error: it.state.error.as_deref().filter(|e| !e.is_empty()).map(|e| mask::text(&block(e))),
        raw,
    }
}

/// Labels, sorted, masked.
pub(super) fn labels(it: &Inspected) -> Vec<(String, String)> {
    let mut labels: Vec<(String, String)> = map::labels(it.config.labels.as_ref())
        .map(|(key, value)| (line(key, PATH), mask::env(key, &line(value, VALUE))))
        .collect();
    labels.sort_unstable();
    labels
}

/// What is mounted where.
pub(super) fn mounts(it: &Inspected) -> Vec<Mount> {
    it.mounts.iter().flatten().map(mount).collect()
}

/// The networks it hangs on.
pub(super) fn networks(it: &Inspected) -> Vec<NetworkLink> {
    let networks = it.network_settings.networks.iter().flatten();
    networks.map(|(name, network)| link(name, network.as_ref())).collect()
}

pub(in crate::engine) fn line(raw: &str, max: usize) -> String {
    label(raw, max).to_string()
}

fn text(raw: Option<&String>) -> String {
    raw.map(|t| line(t, PATH)).unwrap_or_default()
}

/// `NAME=value`; a variable without `=` is one the image unsets.
pub(in crate::engine) fn variable(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (line(name, PATH), mask::env(name, &line(value, VALUE)))
}

fn mount(it: &MountPoint) -> Mount {
    let kind = text(it.kind.as_ref());
    // A volume is known by its name; where the engine keeps it says nothing.
    let named = it.name.as_ref().filter(|name| kind == "volume" && !name.is_empty());
    Mount {
        source: text(named.or(it.source.as_ref())),
        target: text(it.destination.as_ref()),
        read_only: it.writable == Some(false),
        anonymous: named.is_some_and(|name| is_anonymous(name)),
        kind,
    }
}

fn link(name: &str, network: Option<&Network>) -> NetworkLink {
    let address = |a: Option<&String>| a.filter(|a| !a.is_empty()).map(|a| line(a, 64));
    let (v4, v6) =
        network.map_or((None, None), |n| (address(n.address.as_ref()), address(n.address6.as_ref())));
    let mut aliases: Vec<String> =
        network.into_iter().flat_map(|n| n.aliases.iter().flatten()).map(|a| line(a, map::NAME)).collect();
    aliases.dedup();
    NetworkLink { name: line(name, map::NAME), address: v4.or(v6).unwrap_or_default(), aliases }
}

/// `on-failure:3`, `unless-stopped`, `no`.
pub(super) fn restart_policy(it: Option<&RestartPolicy>) -> String {
    let name = text(it.and_then(|p| p.name.as_ref()));
    match it.and_then(|p| p.maximum_retry_count) {
        Some(count) if count > 0 => format!("{name}:{count}"),
        _ if name.is_empty() => "no".into(),
        _ => name,
    }
}

/// The declared check with Docker's defaults filled in; `None` when it is disabled.
pub(in crate::engine) fn health_spec(it: &Healthcheck) -> Option<HealthSpec> {
    let test: Vec<String> = it.test.iter().flatten().map(|word| line(word, VALUE)).collect();
    if test.first().is_none_or(|word| word == "NONE") {
        return None;
    }
    let time = |nanos: Option<i64>, default: u64| {
        let nanos = nanos.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
        nanos.map_or(Duration::from_secs(default), Duration::from_nanos)
    };
    Some(HealthSpec {
        test: mask::args(&test),
        interval: time(it.interval, 30),
        timeout: time(it.timeout, 30),
        retries: it.retries.and_then(|r| u32::try_from(r).ok()).filter(|r| *r > 0).unwrap_or(3),
        start_period: time(it.start_period, 0),
    })
}

fn health_log(it: &HealthEntry) -> Option<HealthLog> {
    let start = map::time(it.start.as_deref())?;
    Some(HealthLog {
        start,
        end: map::time(it.end.as_deref()).unwrap_or(start),
        exit: it.exit_code.unwrap_or_default(),
        output: mask::text(&block(it.output.as_deref().unwrap_or_default())),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_check_has_dockers_defaults() {
        let spec = |value| health_spec(&serde_json::from_value(value).unwrap());
        let it = spec(json!({"Test": ["CMD-SHELL", "curl x"], "Interval": 0, "Retries": 0})).unwrap();
        assert_eq!(
            (it.interval.as_secs(), it.timeout.as_secs(), it.retries, it.start_period.as_secs()),
            (30, 30, 3, 0)
        );
        assert_eq!(spec(json!({"Test": ["NONE"]})), None);
        assert_eq!(spec(json!({"Test": null})), None);
    }

    #[test]
    fn policies_as_they_are_typed() {
        let policy = |value| restart_policy(Some(&serde_json::from_value(value).unwrap()));
        assert_eq!(policy(json!({"Name": "on-failure", "MaximumRetryCount": 3})), "on-failure:3");
        assert_eq!(policy(json!({"Name": "unless-stopped", "MaximumRetryCount": 0})), "unless-stopped");
        assert_eq!(policy(json!({"Name": ""})), "no");
        assert_eq!(restart_policy(None), "no");
    }

    #[test]
    fn secrets_are_masked_and_escapes_removed() {
        let (name, value) = variable("DB_PASSWORD=hunter2");
        assert_eq!(name, "DB_PASSWORD");
        assert!(!value.contains("hunter2"), "{value}");
        let (name, value) = variable("TERM\u{1b}[31m=x\u{1b}]52;c;AAAA\u{7}term");
        assert!(
            !name.contains('\u{1b}') && !value.contains('\u{1b}') && !value.contains("52;c"),
            "{name:?} {value:?}"
        );
        assert_eq!(variable("UNSET"), ("UNSET".into(), String::new()));
    }

    #[test]
    fn a_volume_is_named_and_a_bind_shows_its_path() {
        let mount = |value| mount(&serde_json::from_value(value).unwrap());
        let volume = mount(
            json!({"Type": "volume", "Name": "data", "Source": "/var/lib/x/_data", "Destination": "/data", "RW": true}),
        );
        assert_eq!((volume.source.as_str(), volume.read_only), ("data", false));
        let bind = mount(json!({"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": false}));
        assert_eq!((bind.source.as_str(), bind.read_only), ("/srv", true));
    }
}
