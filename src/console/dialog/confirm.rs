//! The question before a change: the whole plan, and what makes it a yes.

use tui_input::Input as Line;

use super::super::widget::{Scroll, text};
use crate::config::Level;
use crate::engine::Survey;
use crate::operate::{Confirm as Sure, Intent, Plan};

/// What a plan was made from, to make it again when the fleet moves on.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// What was asked.
    pub intent: Intent,
    /// Whether what runs is removed too.
    pub force: bool,
    /// What was looked at.
    pub survey: Survey,
    /// What the names of an operation's spares are made with.
    pub token: String,
}

/// Ask before a change.
pub struct Confirm {
    /// What will be done.
    pub plan: Plan,
    /// What it was planned from.
    pub basis: Basis,
    /// The name typed so far, where one is asked for.
    pub typed: Line,
    /// How far its lines are scrolled.
    pub scroll: Scroll,
    /// Why there is nothing left to say yes to: what it was about is gone.
    pub lapsed: Option<String>,
}

/// How a row of the confirmation is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is left to say yes to.
    Lapsed,
    /// Worth reading before a yes.
    Warning,
    /// What changes, who is away meanwhile.
    Fact,
    /// Something will be done.
    Step,
    /// It will be left alone.
    Skipped,
}

impl Confirm {
    /// Ask this.
    pub fn new(plan: Plan, basis: Basis) -> Self {
        Self { plan, basis, typed: Line::default(), scroll: Scroll::default(), lapsed: None }
    }

    /// The word to type; `None` where a yes is enough.
    pub fn word(&self) -> Option<&str> {
        match &self.plan.confirm {
            Sure::Open | Sure::Yes => None,
            Sure::Typed(word) => Some(word),
        }
    }

    /// How sure one must be.
    pub fn level(&self) -> Level {
        match &self.plan.confirm {
            Sure::Open => Level::Open,
            Sure::Yes => Level::Confirm,
            Sure::Typed(_) => Level::Typed,
        }
    }

    /// Whether nothing is missing for a yes.
    pub fn ready(&self) -> bool {
        self.word().is_none_or(|word| word == self.typed.value().trim())
    }

    /// Whether something can be lost.
    pub fn dangerous(&self) -> bool {
        self.plan.intent.change.dangerous()
    }

    /// What it says, row by row, in that many columns: what is wrong, what to know, what changes,
    /// then the steps. `mark` stands in front of what is a warning.
    pub fn rows(&self, cols: usize, mark: &str) -> Vec<(Kind, String)> {
        let mark = format!("{mark} ");
        let mut rows = Vec::new();
        let mut say = |kind: Kind, lead: &str, sentence: &str| {
            let indent = text::width(lead);
            for (i, range) in
                text::wrap(sentence, cols.saturating_sub(indent).max(1), true).into_iter().enumerate()
            {
                let lead = if i == 0 { lead.to_owned() } else { " ".repeat(indent) };
                rows.push((kind, format!("{lead}{}", sentence.get(range).unwrap_or_default())));
            }
        };
        if let Some(why) = &self.lapsed {
            say(Kind::Lapsed, &mark, why);
        }
        for warning in &self.plan.warnings {
            say(Kind::Warning, &mark, warning);
        }
        for image in &self.plan.images {
            say(Kind::Fact, "image  ", &images(&image.from, &image.to));
        }
        for gap in &self.plan.gaps {
            say(Kind::Fact, "gap    ", &gap_words(gap, self.plan.gaps.len() > 1));
        }
        if !rows.is_empty() {
            rows.push((Kind::Fact, String::new()));
        }
        for (i, row) in self.plan.rows().into_iter().enumerate() {
            let kind = if row.wave == 0 { Kind::Skipped } else { Kind::Step };
            let number = if row.wave == 0 { String::new() } else { (i + 1).to_string() };
            let note = if row.note.is_empty() { row.state } else { &row.note };
            rows.push((kind, format!("{number:>2}  {:<8} {}  {note}", row.action, row.replica)));
        }
        rows
    }

    /// The plan as text, to be pasted elsewhere.
    pub fn text(&self) -> String {
        let mut text = self.plan.question();
        for (_, row) in self.rows(usize::MAX, "!") {
            text.push('\n');
            text.push_str(row.trim_end());
        }
        text.push('\n');
        text
    }
}

/// `order:1.4.1 (3f2a11c09b7d) → order:1.4.2 (a1b2c3d4e5f6)`; an id not known before it is pulled
/// says so.
fn images(from: &crate::fleet::Image, to: &crate::fleet::Image) -> String {
    let id = |image: &crate::fleet::Image| match image.short_id() {
        "" => "to be fetched".to_owned(),
        id => id.to_owned(),
    };
    if from.reference == to.reference {
        return format!("{}  {} → {}", from.reference, id(from), id(to));
    }
    format!("{} ({}) → {} ({})", from.reference, id(from), to.reference, id(to))
}

fn gap_words(gap: &crate::operate::Gap, named: bool) -> String {
    let whose = if named { format!("{}: ", gap.service.name) } else { String::new() };
    match gap.lasts {
        Some(lasts) => format!("{whose}away for about {}: {}", crate::text::human::duration(lasts), gap.why),
        None => format!("{whose}none: {}", gap.why),
    }
}
