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

    /// The one project it is about; `None` where there are several, or lone containers.
    pub fn project(&self) -> Option<&str> {
        let first = self.plan.services.first()?.project.as_deref()?;
        self.plan.services.iter().all(|s| s.project.as_deref() == Some(first)).then_some(first)
    }

    /// What it says, row by row, in that many columns: what is wrong, what to know, what changes,
    /// then the steps. `mark` stands in front of what is a warning. Names are without the one
    /// project's: it stands in the title.
    pub fn rows(&self, cols: usize, mark: &str) -> Vec<(Kind, String)> {
        self.rows_with(cols, mark, self.project())
    }

    fn rows_with(&self, cols: usize, mark: &str, project: Option<&str>) -> Vec<(Kind, String)> {
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
            say(Kind::Fact, "", &image.sentence());
        }
        for gap in &self.plan.gaps {
            say(Kind::Fact, "", &gap.sentence());
        }
        if !rows.is_empty() {
            rows.push((Kind::Fact, String::new()));
        }
        for row in self.plan.rows() {
            let kind = if row.step == 0 { Kind::Skipped } else { Kind::Step };
            let number = if row.step == 0 { String::new() } else { row.step.to_string() };
            let note = if row.note.is_empty() { row.state } else { &row.note };
            let note = match project {
                Some(project) => note.replace(&format!(" {project}-"), " "),
                None => note.to_owned(),
            };
            let name = text::without_project(&row.replica, project);
            rows.push((kind, format!("{number:>2}  {:<8} {name}  {note}", row.action)));
        }
        rows
    }

    /// The plan as text, to be pasted elsewhere.
    pub fn text(&self) -> String {
        let mut text = self.plan.question();
        for (_, row) in self.rows_with(usize::MAX, "!", None) {
            text.push('\n');
            text.push_str(row.trim_end());
        }
        text.push('\n');
        text
    }
}
