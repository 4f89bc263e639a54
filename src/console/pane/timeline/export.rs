//! The timeline as Markdown, for an incident report.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::super::{Scene, scope};
use super::entry::Entry;
use crate::text::markdown::escape;

/// A table, oldest first: a report is read from the beginning.
pub(super) fn markdown(scene: &Scene<'_>, entries: &[Entry]) -> String {
    let zone = if scene.look.utc { TimeZone::UTC } else { TimeZone::system() };
    let time = |at: jiff::Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut out = format!("# Timeline of {}\n\n", escape(&scope::title(scene.fleet, scene.target)));
    if let Some(engine) = scene.fleet.engine() {
        let _ = writeln!(
            out,
            "Host {}, {} {}.",
            escape(&engine.host),
            escape(&engine.kind),
            escape(&engine.version)
        );
    }
    let abbreviation = scene.now.to_zoned(zone.clone()).strftime("%Z").to_string();
    let _ = writeln!(out, "Written {} {abbreviation}, {} entries.\n", time(scene.now), entries.len());
    let _ = writeln!(out, "| time ({abbreviation}) | what | happened | planned |\n|---|---|---|---|");
    for entry in entries.iter().rev() {
        let planned = entry.planned.as_deref().unwrap_or_default();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            time(entry.at),
            escape(&entry.name),
            escape(&entry.what),
            escape(planned)
        );
    }
    out
}
