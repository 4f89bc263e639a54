//! How values lie in the file, and back. What comes out of the file is outside text: sanitised.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::fault::Fault;
use super::{EngineRecord, Who};
use crate::fleet::{EngineId, Image, ServiceId, SpecHash};
use crate::text::sanitize;

/// The longest name or label kept, columns.
const LABEL: usize = 1024;

/// A time, to the microsecond.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The time of such a number.
pub(super) fn time(micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(micros).map_err(|_| Fault::Nonsense(format!("no time: {micros}")))
}

/// A duration, to the microsecond.
pub(super) fn length(took: Duration) -> i64 {
    i64::try_from(took.as_micros()).unwrap_or(i64::MAX)
}

/// The duration of such a number.
pub(super) fn took(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// One line, as it may be shown.
pub(super) fn line(raw: &str) -> String {
    sanitize::label(raw, LABEL).to_string()
}

/// A service as the file names it.
pub(super) fn key(service: &ServiceId) -> String {
    serde_json::json!([service.engine.as_str(), service.project.as_deref(), &*service.name]).to_string()
}

/// The service of such a name.
pub(super) fn service(key: &str) -> Result<ServiceId, Fault> {
    let (engine, project, name): (String, Option<String>, String) =
        serde_json::from_str(key).map_err(|_| Fault::Nonsense(format!("no service: {key}")))?;
    Ok(ServiceId {
        engine: EngineId::new(line(&engine)),
        project: project.map(|p| line(&p).into()),
        name: line(&name).into(),
    })
}

/// Somebody, as the file has them.
pub(super) fn person(who: &Who) -> String {
    serde_json::json!(who).to_string()
}

/// The somebody of such a text.
pub(super) fn who(text: &str) -> Result<Who, Fault> {
    let who: Who = serde_json::from_str(text).map_err(|_| Fault::Nonsense(format!("nobody: {text}")))?;
    Ok(Who {
        user: line(&who.user),
        sudo_user: who.sudo_user.map(|u| line(&u)),
        ssh_from: who.ssh_from.map(|s| line(&s)),
        host: line(&who.host),
        ..who
    })
}

/// Images before and after, as the file has them.
pub(super) fn images(images: &[(ServiceId, Image, Image)]) -> String {
    let images: Vec<_> = images.iter().map(|(service, from, to)| (key(service), from, to)).collect();
    serde_json::json!(images).to_string()
}

/// The images of such a text.
pub(super) fn images_of(text: &str) -> Result<Vec<(ServiceId, Image, Image)>, Fault> {
    let images: Vec<(String, Image, Image)> =
        serde_json::from_str(text).map_err(|_| Fault::Nonsense("no images".into()))?;
    images.into_iter().map(|(key, from, to)| Ok((service(&key)?, clean(from), clean(to)))).collect()
}

/// An image of these two.
pub(super) fn image(reference: &str, id: &str) -> Image {
    clean(Image { reference: reference.into(), id: id.into() })
}

fn clean(image: Image) -> Image {
    let tidy = |text: Arc<str>| if line(&text) == *text { text } else { line(&text).into() };
    Image { reference: tidy(image.reference), id: tidy(image.id) }
}

/// The settings' hash of such a text.
pub(super) fn spec(text: &str) -> Result<SpecHash, Fault> {
    u64::from_str_radix(text, 16).map(SpecHash).map_err(|_| Fault::Nonsense(format!("no hash: {text}")))
}

/// Every service that anything is written of.
pub(super) fn services(connection: &Connection, instance: Option<&str>) -> Result<Vec<ServiceId>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT service FROM revisions WHERE ?1 IS NULL OR instance = ?1
         UNION SELECT service FROM locks WHERE ?1 IS NULL OR instance = ?1
         UNION SELECT service FROM events WHERE ?1 IS NULL OR instance = ?1
         UNION SELECT service FROM reveals WHERE ?1 IS NULL OR instance = ?1
         UNION SELECT service FROM incidents WHERE service IS NOT NULL AND (?1 IS NULL OR instance = ?1)
         UNION SELECT service FROM postmortems WHERE ?1 IS NULL OR instance = ?1",
    )?;
    let keys = statement.query_map([instance], |row| row.get::<_, String>(0))?;
    let mut found = keys.map(|key| service(&key?)).collect::<Result<Vec<_>, Fault>>()?;
    found.sort();
    Ok(found)
}

/// Where an engine's host name stands in `meta`, before its instance.
const MET: &str = "engine ";

/// See [`Journal::met`](super::Journal::met).
pub(super) fn met(connection: &Connection, engine: &EngineRecord) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO meta (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
    )?;
    statement.execute([format!("{MET}{}", engine.instance), engine.host.clone()])?;
    Ok(())
}

/// Every engine that anything is written of; one that was never met has its name from the last
/// operation on it.
pub(super) fn engines(connection: &Connection) -> Result<Vec<EngineRecord>, Fault> {
    let mut statement = connection.prepare_cached(
        "WITH known (instance) AS (
             SELECT instance FROM revisions UNION SELECT instance FROM operations
             UNION SELECT instance FROM events UNION SELECT instance FROM reveals)
         SELECT instance, coalesce(
             (SELECT value FROM meta WHERE key = ?1 || known.instance),
             (SELECT host FROM operations o WHERE o.instance = known.instance ORDER BY id DESC LIMIT 1),
             '')
         FROM known",
    )?;
    let rows = statement.query_map([MET], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let engine = |(instance, host): (String, String)| EngineRecord { instance, host: line(&host) };
    let mut found = rows.map(|row| Ok(engine(row?))).collect::<Result<Vec<_>, Fault>>()?;
    found.sort_by(|a, b| (&a.host, &a.instance).cmp(&(&b.host, &b.instance)));
    Ok(found)
}
