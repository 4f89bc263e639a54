//! What `qd check` says to humans, and to monitoring.

use super::look::{Checked, Seen, Verdict};
use crate::cli::out::Out;
use crate::cli::table::{Cell, Column, Table};
use crate::config::{Glyphs, Role};
use crate::probe::Outcome;
use crate::text::human;

/// A row a service, and a sentence at the end.
pub(super) fn table(seen: &Seen, quiet: bool, out: &Out) -> String {
    let mut table = Table::new(vec![
        Column::left(""),
        Column::shrinking("SERVICE"),
        Column::left("HEALTH"),
        Column::right("PROBES"),
        Column::right("SLOWEST"),
        Column::shrinking("WHY"),
    ]);
    for one in seen.services.iter().filter(|one| !quiet || one.verdict != Verdict::Well) {
        let (role, glyph) = look(one, out.glyphs);
        table.row(vec![
            Cell::new(role, glyph),
            one.service.path().into(),
            Cell::new(role, one.words()),
            passed(one).into(),
            slowest(one).into(),
            Cell::new(role, one.why.clone()),
        ]);
    }
    let mut text = table.render(&out.paint, out.fit(), out.glyphs.ellipsis);
    if !quiet || seen.verdict() != Verdict::Well {
        let (role, sentence) = sentence(seen);
        text.push_str(&out.paint.text(role, &sentence));
        text.push('\n');
    }
    text
}

fn look(one: &Checked, glyphs: &Glyphs) -> (Role, &'static str) {
    match one.verdict {
        Verdict::Well if one.is_unchecked() => (Role::Info, glyphs.running),
        Verdict::Well => (Role::Ok, glyphs.ok),
        Verdict::Unknown | Verdict::Ailing => (Role::Warn, glyphs.warn),
        Verdict::Broken => (Role::Bad, glyphs.bad),
    }
}

/// `2/3`.
fn passed(one: &Checked) -> String {
    if one.probes.is_empty() {
        return String::new();
    }
    let passed = one.probes.iter().filter(|(_, attempt)| attempt.outcome == Outcome::Passed).count();
    format!("{passed}/{}", one.probes.len())
}

fn slowest(one: &Checked) -> String {
    let slowest = one.probes.iter().filter_map(|(_, attempt)| attempt.took).max();
    slowest.map(human::duration).unwrap_or_default()
}

fn sentence(seen: &Seen) -> (Role, String) {
    let all = seen.services.len();
    let ailing = seen.ailing().len();
    let unchecked = seen.services.iter().filter(|one| one.is_unchecked()).count();
    let mut text = match (all, ailing) {
        (0, _) => return (Role::Warn, "nothing runs here that could be checked".into()),
        (1, 0) => "the service is healthy".to_owned(),
        (_, 0) => format!("all {all} services are healthy"),
        (_, n) => format!("{n} of {all} services {} not healthy", if n == 1 { "is" } else { "are" }),
    };
    if unchecked > 0 {
        text = format!("{text}; {unchecked} of them unchecked: qd probe discover looks for what could be");
    }
    let role = match seen.verdict() {
        Verdict::Well => Role::Ok,
        Verdict::Unknown | Verdict::Ailing => Role::Warn,
        Verdict::Broken => Role::Bad,
    };
    (role, text)
}

/// One line as monitoring plugins write it, with figures behind the bar.
pub(super) fn nagios(seen: &Seen) -> String {
    let word = match seen.verdict() {
        Verdict::Well => "OK",
        Verdict::Ailing => "WARNING",
        Verdict::Broken => "CRITICAL",
        Verdict::Unknown => "UNKNOWN",
    };
    let mut said = match seen.verdict() {
        Verdict::Well => sentence(seen).1.split(';').next().unwrap_or_default().to_owned(),
        _ if seen.services.is_empty() => sentence(seen).1,
        _ => seen.waiting_for(),
    };
    for sentence in &seen.clashes {
        said = format!("{said}; {sentence}");
    }
    let (all, ailing) = (seen.services.len(), seen.ailing().len());
    let slowest = seen.services.iter().flat_map(|one| &one.probes).filter_map(|(_, a)| a.took).max();
    let slowest = slowest.map_or_else(String::new, |took| format!(" slowest={:.3}s", took.as_secs_f64()));
    format!("QD {word} - {} | healthy={} unhealthy={ailing}{slowest}", unbarred(&said), all - ailing)
}

/// Where nothing could be seen at all.
pub(super) fn unknown(why: &str) -> String {
    format!("QD UNKNOWN - {}", unbarred(why))
}

/// What follows a bar would be taken for figures.
fn unbarred(text: &str) -> String {
    text.replace('|', "/").replace('\n', " ")
}
