//! The one sentence that answers "what is wrong and what changed", worst first.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::text::human::age_at;

use super::{Causes, Counts, Health, Link, ServiceId, Since};

/// Clauses said in full; what is more than this is counted.
const CLAUSES: usize = 8;

/// The situation, as clauses, so that a narrow screen can leave out whole ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The worst verdict in it (for its colour).
    pub worst: Health,
    /// Clauses, worst first; never empty.
    pub clauses: Vec<Clause>,
    /// Services in trouble beyond those in `clauses`.
    pub more: usize,
}

/// One clause, about one service or the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// How bad it is (for its colour).
    pub health: Health,
    /// The words, sanitised.
    pub text: String,
    /// The service it is about.
    pub service: Option<ServiceId>,
}

impl Clause {
    fn of_all(health: Health, text: String) -> Self {
        Self { health, text, service: None }
    }
}

impl Situation {
    /// The whole sentence.
    pub fn text(&self) -> String {
        self.with(self.clauses.len())
    }

    /// As many whole clauses as fit into `width` columns, what is left out counted (`2 more`). At
    /// least one clause, cut with `…` where even that is too long.
    pub fn fit(&self, width: usize) -> String {
        let fitting =
            (1..=self.clauses.len()).rev().map(|n| self.with(n)).find(|text| columns(text) <= width);
        fitting.unwrap_or_else(|| cut(self.clauses.first().map_or("", |clause| &clause.text), width))
    }

    fn with(&self, n: usize) -> String {
        let mut text = String::new();
        for clause in self.clauses.iter().take(n) {
            if !text.is_empty() {
                text.push_str(" · ");
            }
            text.push_str(&clause.text);
        }
        // Clauses about the whole are no trouble of their own: leaving one out hides nothing.
        let hidden = self.clauses.iter().skip(n).filter(|clause| clause.service.is_some()).count();
        match hidden + self.more {
            0 => {}
            more => {
                let _ = write!(text, " · {more} more");
            }
        }
        text
    }
}

/// What the sentence is made from.
pub(super) struct Facts<'a> {
    pub(super) now: Timestamp,
    pub(super) link: Option<&'a Link>,
    /// What is wrong with engines that can't be asked though the connection stands.
    pub(super) blind: Vec<&'a str>,
    /// When the facts were last known to be true; `None` before the first list.
    pub(super) as_of: Option<Timestamp>,
    pub(super) counts: Counts,
    /// Services in trouble or not yet well, and since when all others are well.
    pub(super) troubles: Vec<(&'a ServiceId, Since)>,
    pub(super) well_since: Option<Timestamp>,
    /// Which of them explain others, and what was stopped and does.
    pub(super) causes: Causes,
    /// A change of the last minutes worth a clause: words and when.
    pub(super) change: Option<(String, Timestamp)>,
}

/// Build the sentence.
pub(super) fn tell(mut facts: Facts<'_>) -> Situation {
    let now = facts.now;
    let mut clauses: Vec<Clause> = lost(&facts).into_iter().collect();
    clauses.extend(facts.blind.iter().map(|why| Clause::of_all(Health::Degraded, (*why).to_owned())));
    let causes = std::mem::take(&mut facts.causes);
    let mut troubles = std::mem::take(&mut facts.troubles);
    let stopped = causes.first().iter().filter(|cause| cause.standing.health == Health::Stopped);
    troubles.extend(stopped.map(|cause| (&cause.service, cause.standing.clone())));
    // First what explains others, last what is explained; else worst first, and among equals the
    // newest trouble, because that is the news.
    let place = |id: &ServiceId| match (causes.because(id), causes.explaining(id)) {
        (Some(_), _) => usize::MAX,
        (None, Some((place, _))) => place,
        (None, None) => usize::MAX - 1,
    };
    troubles.sort_by(|(a_id, a), (b_id, b)| {
        let worse = || b.health.cmp(&a.health).then_with(|| b.at.cmp(&a.at)).then_with(|| a_id.cmp(b_id));
        place(a_id).cmp(&place(b_id)).then_with(worse)
    });
    let in_trouble = troubles.len();
    for (id, since) in troubles.iter().take(CLAUSES) {
        clauses.push(Clause {
            health: since.health,
            text: trouble(&id.name, since, now, causes.explaining(id).and_then(|(_, cause)| cause.takes())),
            service: Some((*id).clone()),
        });
    }
    if in_trouble == 0 {
        clauses.extend(no_trouble(&facts));
    }
    if let Some((words, at)) = facts.change.take() {
        clauses.push(Clause::of_all(Health::Running, format!("{words} {} ago", age_at(at, now))));
    }
    let worst = clauses.iter().map(|clause| clause.health).max().unwrap_or(Health::Running);
    Situation { worst, clauses, more: in_trouble.saturating_sub(CLAUSES) }
}

/// `payment-service down 42s: exit 1, 7 restarts in 3 min, takes 2 with it`.
fn trouble(name: &str, since: &Since, now: Timestamp, takes: Option<String>) -> String {
    let mut text = format!("{name} {}", since.health.word());
    if let Some(at) = since.at {
        let _ = write!(text, " {}", age_at(at, now));
    }
    if !since.why.is_empty() {
        text.push_str(": ");
        text.push_str(&since.why);
    }
    if let Some(takes) = takes {
        text.push_str(", ");
        text.push_str(&takes);
    }
    text
}

fn lost(facts: &Facts<'_>) -> Option<Clause> {
    let Some(Link::Lost { why, .. }) = facts.link else { return None };
    let data = match facts.as_of {
        Some(at) => format!(", what is shown is {} old", age_at(at, facts.now)),
        None => String::new(),
    };
    Some(Clause::of_all(Health::Down, format!("engine lost{data}: {why}")))
}

fn no_trouble(facts: &Facts<'_>) -> Option<Clause> {
    let counts = facts.counts;
    let lost = matches!(facts.link, Some(Link::Lost { .. }));
    if facts.as_of.is_none() {
        return (!lost)
            .then(|| Clause::of_all(Health::Starting, "waiting for the engine's first list".into()));
    }
    if counts.services == 0 {
        return Some(Clause::of_all(Health::Stopped, "no containers".into()));
    }
    if counts.well == 0 {
        let text = match counts.services {
            1 => "nothing runs: the only service is stopped".to_owned(),
            n => format!("nothing runs: all {n} services are stopped"),
        };
        return Some(Clause::of_all(Health::Stopped, text));
    }
    // When the link is lost, what was well then may not be now: say so by tense.
    let verb = if lost { "was" } else { "is" };
    let stopped = match counts.stopped {
        0 => String::new(),
        n => format!(", {n} stopped"),
    };
    let well = match counts.well {
        1 => format!("the one running service {verb} well"),
        n => format!("all {n} running services {} well", if lost { "were" } else { "are" }),
    };
    let since = match facts.well_since {
        Some(at) if !lost => format!(" for {}", age_at(at, facts.now)),
        _ => String::new(),
    };
    Some(Clause::of_all(Health::Running, format!("{well}{since}{stopped}")))
}

fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests;
