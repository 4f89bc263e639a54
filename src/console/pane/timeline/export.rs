//! The timeline as Markdown, for an incident report.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::super::{Scene, scope};
use super::entry::Entry;

/// A table, oldest first: a report is read from the beginning.
pub(super) fn markdown(scene: &Scene<'_>, entries: &[Entry]) -> String {
    let zone = if scene.look.utc { TimeZone::UTC } else { TimeZone::system() };
    let time = |at: jiff::Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut out = format!("# Timeline of {}\n\n", cell(&scope::title(scene.fleet, scene.target)));
    if let Some(engine) = scene.fleet.engine() {
        let _ =
            writeln!(out, "Host {}, {} {}.", cell(&engine.host), cell(&engine.kind), cell(&engine.version));
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
            cell(&entry.name),
            cell(&entry.what),
            cell(planned)
        );
    }
    out
}

/// Text that stays in its cell, whatever is in it.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '<' | '[' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
