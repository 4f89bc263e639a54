//! What a line in the palette means. Pure.

use thiserror::Error;

use super::super::grid::{Column, Sort};
use super::super::pane::Target;
use super::form::{self, Wanted};
use crate::action::Action;
use crate::fleet::{Fleet, ServiceId, Verb};
use crate::operate::{Change, Pull, Resume};

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
    /// `restart NAME`, `scale NAME 3`, …; no targets = what is marked, else selected.
    Change(Change, Vec<Target>),
    /// `scale NAME`, …: ask for the value.
    Form(Wanted, Vec<Target>),
    /// `rollback NAME 2`; no revision = choose one.
    Rollback(Vec<Target>, Option<u32>),
    /// `finish 12`, `undo`
    Resume(Resume, Option<i64>),
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
    /// A value that is none.
    #[error("{0}")]
    Value(String),
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
        return Ok(Command::Change(Change::Act(verb), targets?));
    }
    if let Some(command) = operation(word, rest, fleet) {
        return command;
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

/// The commands that plan an operation, and what they take.
pub(super) const OPERATIONS: [(&str, &str); 9] = [
    ("scale", "[service] number of replicas"),
    ("deploy", "[service] image"),
    ("rollback", "[service] revision"),
    ("recreate", "services"),
    ("limit", "[service] cpus=1 memory=512m"),
    ("up", "a project"),
    ("down", "a project"),
    ("finish", "[number] what was left in the middle"),
    ("undo", "[number] what was left in the middle"),
];

/// `scale 3`, `deploy api shop/api:2`, `up shop`, `undo`, …; `None` for what is no such command, or
/// has nothing behind it and is an action of the table.
fn operation(word: &str, rest: &str, fleet: &Fleet) -> Option<Result<Command, CommandError>> {
    let resume = match word {
        "finish" => Some(Resume::Finish),
        "undo" => Some(Resume::Undo),
        _ => None,
    };
    if let Some(how) = resume {
        let number = rest.trim_start_matches('#').parse::<i64>();
        return Some(match (rest, number) {
            ("", _) => Ok(Command::Resume(how, None)),
            (_, Ok(number)) => Ok(Command::Resume(how, Some(number))),
            _ => Err(CommandError::Value(format!("`{rest}` is no operation's number"))),
        });
    }
    if rest.is_empty() {
        return None;
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    Some(match word {
        "scale" => value(&words, fleet, |text| Ok(Change::Scale { to: form::count(text)? })).map(
            |(targets, change)| {
                change.map_or(Command::Form(Wanted::Scale, targets.clone()), |c| Command::Change(c, targets))
            },
        ),
        "deploy" => value(&words, fleet, |text| {
            Ok(Change::Deploy { image: Some(form::image(text)?), pull: Pull::Missing })
        })
        .map(|(targets, change)| {
            change.map_or(Command::Form(Wanted::Deploy, targets.clone()), |c| Command::Change(c, targets))
        }),
        "rollback" => value(&words, fleet, |text| {
            let number = text.trim_start_matches('#').parse::<u32>();
            number.map_err(|_| format!("`{text}` is no revision's number"))
        })
        .map(|(targets, number)| Command::Rollback(targets, number)),
        "limit" => limit(&words, fleet),
        "recreate" => names(&words, fleet).map(|targets| Command::Change(Change::Recreate, targets)),
        "up" => names(&words, fleet).map(|targets| Command::Change(Change::Up, targets)),
        "down" => names(&words, fleet).map(|targets| Command::Change(Change::Down, targets)),
        _ => return None,
    })
}

/// `VALUE`, `NAME` or `NAME VALUE`. What is a name is taken for one.
fn value<T>(
    words: &[&str],
    fleet: &Fleet,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<(Vec<Target>, Option<T>), CommandError> {
    let read = |text| read(text).map_err(CommandError::Value);
    match words {
        [one] => match named(one, fleet) {
            Ok(target) => Ok((vec![target], None)),
            Err(_) => Ok((Vec::new(), Some(read(one)?))),
        },
        [name, value] => Ok((vec![named(name, fleet)?], Some(read(value)?))),
        _ => Err(CommandError::Value("write a service's name and one value".to_owned())),
    }
}

fn limit(words: &[&str], fleet: &Fleet) -> Result<Command, CommandError> {
    let (pairs, others): (Vec<&str>, Vec<&str>) = words.iter().partition(|w| w.contains('='));
    let targets = names(&others, fleet)?;
    if pairs.is_empty() {
        return Ok(Command::Form(Wanted::Limit, targets));
    }
    let change = form::limits(pairs.iter().filter_map(|p| p.split_once('='))).map_err(CommandError::Value)?;
    Ok(Command::Change(change, targets))
}

fn names(words: &[&str], fleet: &Fleet) -> Result<Vec<Target>, CommandError> {
    words.iter().map(|name| named(name, fleet)).collect()
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
