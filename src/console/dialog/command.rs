//! What a line in the palette means. Pure.

use thiserror::Error;

use super::super::grid::{Column, Sort};
use super::super::pane::Target;
use crate::action::Action;
use crate::fleet::{Fleet, ServiceId, Verb};

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// An action of the table.
    Action(Action),
    /// `theme NAME`
    Theme(String),
    /// `keymap NAME`
    Keymap(String),
    /// `sort COLUMN`, `sort !COLUMN`
    Sort(Sort),
    /// `filter TEXT`
    Filter(String),
    /// `restart NAME`, …
    Verb(Verb, Vec<Target>),
    /// `goto NAME`
    Goto(Target),
    /// `messages`: what was said so far.
    Messages,
}

/// A line that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandError {
    /// Nothing typed.
    #[error("type a command; tab completes it")]
    Empty,
    /// No such command.
    #[error("there is no command `{0}`; tab completes, ? lists every action")]
    Unknown(String),
    /// It needs something behind it.
    #[error("`{0}` needs {1} behind it")]
    Missing(&'static str, &'static str),
    /// No such column.
    #[error("there is no column `{0}`: {1}")]
    Column(String, String),
    /// No such service.
    #[error("no service, project or container is called `{0}`")]
    Name(String),
    /// Several services of that name.
    #[error("`{0}` could be {1}: name the project too")]
    Ambiguous(String, String),
}

/// The commands that take something behind them, and what.
pub(super) const WITH_ARGUMENT: [(&str, &str); 5] = [
    ("theme", "a theme's name"),
    ("keymap", "a keymap's name"),
    ("sort", "a column's name"),
    ("filter", "a text"),
    ("goto", "a service's name"),
];

/// What a line means.
///
/// # Errors
/// One sentence for what it does not.
pub fn parse(text: &str, fleet: &Fleet) -> Result<Command, CommandError> {
    let text = text.trim().trim_start_matches(':').trim_start();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    if word.is_empty() {
        return Err(CommandError::Empty);
    }
    if let Some((name, needs)) = WITH_ARGUMENT.into_iter().find(|(name, _)| *name == word)
        && (!rest.is_empty() || name != "filter")
    {
        if rest.is_empty() {
            return Err(CommandError::Missing(name, needs));
        }
        return Ok(match name {
            "theme" => Command::Theme(rest.to_owned()),
            "keymap" => Command::Keymap(rest.to_owned()),
            "sort" => Command::Sort(sort(rest)?),
            "filter" => Command::Filter(rest.to_owned()),
            _ => Command::Goto(named(rest, fleet)?),
        });
    }
    if !rest.is_empty()
        && let Some(verb) = verb(word)
    {
        let targets: Result<Vec<Target>, CommandError> =
            rest.split_whitespace().map(|name| named(name, fleet)).collect();
        return Ok(Command::Verb(verb, targets?));
    }
    if !rest.is_empty() {
        return Err(CommandError::Unknown(text.to_owned()));
    }
    match word {
        "q" | "exit" => Ok(Command::Action(Action::Quit)),
        "h" => Ok(Command::Action(Action::Help)),
        "rm" => Ok(Command::Action(Action::Remove)),
        "messages" => Ok(Command::Messages),
        _ => {
            Action::from_name(word).map(Command::Action).ok_or_else(|| CommandError::Unknown(word.to_owned()))
        }
    }
}

/// The verb of a command word.
pub(super) fn verb(word: &str) -> Option<Verb> {
    if word == "rm" {
        return Some(Verb::Remove);
    }
    Verb::ALL.into_iter().find(|v| v.word() == word)
}

fn sort(text: &str) -> Result<Sort, CommandError> {
    let (name, reversed) = match text.strip_prefix('!') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let column = Column::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Column::ALL.iter().map(|c| c.name()).collect();
        CommandError::Column(name.to_owned(), names.join(", "))
    })?;
    Ok(Sort { column, reversed })
}

/// What a name means: `project/service`, a service, a project, a container.
fn named(name: &str, fleet: &Fleet) -> Result<Target, CommandError> {
    let services: Vec<&ServiceId> =
        fleet.services().map(|s| &s.id).filter(|id| &*id.name == name || id.path() == name).collect();
    match services.as_slice() {
        [id] => return Ok(Target::Service((*id).clone())),
        [] => {}
        several => {
            let paths: Vec<String> = several.iter().take(4).map(|id| id.path()).collect();
            return Err(CommandError::Ambiguous(name.to_owned(), paths.join(" or ")));
        }
    }
    let project = fleet.services().filter_map(|s| s.id.project.clone()).find(|p| &**p == name);
    if let Some(project) = project {
        return Ok(Target::Project(Some(project)));
    }
    fleet
        .services()
        .flat_map(|s| fleet.replicas_of(&s.id))
        .find(|r| &*r.name == name || r.id.short() == name || &*r.id.id == name)
        .map(|r| Target::Replica(r.id.clone()))
        .ok_or_else(|| CommandError::Name(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Command, CommandError, parse};
    use crate::action::Action;
    use crate::console::grid::{Column, Sort};
    use crate::fleet::Fleet;

    #[test]
    fn every_action_is_a_command() {
        let fleet = Fleet::new();
        for &action in Action::ALL {
            assert_eq!(parse(action.name(), &fleet), Ok(Command::Action(action)));
        }
    }

    #[test]
    fn arguments_are_read() {
        let fleet = Fleet::new();
        assert_eq!(parse(":theme dracula", &fleet), Ok(Command::Theme("dracula".into())));
        let by_cpu = Sort { column: Column::Cpu, reversed: true };
        assert_eq!(parse("sort !cpu", &fleet), Ok(Command::Sort(by_cpu)));
        assert_eq!(parse("filter  a b", &fleet), Ok(Command::Filter("a b".into())));
    }

    #[test]
    fn what_means_nothing_says_why() {
        let fleet = Fleet::new();
        assert_eq!(parse("  ", &fleet), Err(CommandError::Empty));
        assert_eq!(parse("theme", &fleet), Err(CommandError::Missing("theme", "a theme's name")));
        assert!(matches!(parse("sort colour", &fleet), Err(CommandError::Column(..))));
        assert_eq!(parse("restart nobody", &fleet), Err(CommandError::Name("nobody".into())));
        assert_eq!(parse("help me", &fleet), Err(CommandError::Unknown("help me".into())));
    }
}
