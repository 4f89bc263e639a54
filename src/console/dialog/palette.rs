//! What a half-typed command could become. Pure.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::super::grid::Column;
use super::super::model::Choice;
use super::command::{OPERATIONS, WITH_ARGUMENT, verb};
use crate::action::Action;
use crate::fleet::{Fleet, Verb};

/// Candidates kept.
const KEPT: usize = 100;

/// What a line could become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The whole line.
    pub text: String,
    /// What it does.
    pub doc: String,
    /// Something has to follow it.
    pub more: bool,
}

/// What names can be completed from.
pub struct Sources<'a> {
    /// Services, projects.
    pub fleet: &'a Fleet,
    /// Themes.
    pub themes: &'a [Choice],
    /// Keymaps.
    pub keymaps: &'a [Choice],
}

/// What `text` could become, best first.
pub fn candidates(text: &str, sources: &Sources<'_>) -> Vec<Candidate> {
    let text = text.trim_start();
    match text.split_once(char::is_whitespace) {
        None => ranked(text, words()),
        Some((word, rest)) => ranked(rest.trim_start(), arguments(word, sources)),
    }
}

fn words() -> Vec<(String, Candidate)> {
    let with = |name: &str, doc: &str, more| {
        (name.to_owned(), Candidate { text: name.to_owned(), doc: doc.to_owned(), more })
    };
    let mut all: Vec<(String, Candidate)> =
        Action::ALL.iter().map(|a| with(a.name(), a.doc(), false)).collect();
    for (name, needs) in WITH_ARGUMENT {
        if name == "filter" {
            continue; // An action already, and one that takes a text.
        }
        all.push(with(name, &format!("Takes {needs}"), true));
    }
    for (name, needs) in OPERATIONS {
        // Those that are actions too can be followed by something; the action's line will do.
        if Action::from_name(name).is_none() {
            all.push(with(name, &format!("Takes {needs}"), false));
        }
    }
    all.push(with("messages", "What was said so far", false));
    all
}

fn arguments(word: &str, sources: &Sources<'_>) -> Vec<(String, Candidate)> {
    let argument = |name: &str, doc: &str| {
        let text = format!("{word} {name}");
        (name.to_owned(), Candidate { text, doc: doc.to_owned(), more: false })
    };
    let chosen = |choices: &[Choice]| choices.iter().map(|c| argument(&c.name, &c.doc)).collect();
    match word {
        "theme" => chosen(sources.themes),
        "keymap" => chosen(sources.keymaps),
        "sort" => {
            let heads = Column::ALL.iter().map(|c| argument(c.name(), "!name reverses the order"));
            heads.collect()
        }
        _ if word == "goto" || verb(word).is_some() || OPERATIONS.iter().any(|(name, _)| *name == word) => {
            names(word, sources.fleet)
        }
        _ => Vec::new(),
    }
}

fn names(word: &str, fleet: &Fleet) -> Vec<(String, Candidate)> {
    let operation = OPERATIONS.iter().find(|(name, _)| *name == word);
    let doc = match (verb(word), operation) {
        (Some(verb), _) => describe(verb),
        (None, Some((_, takes))) => format!("{word} {takes}"),
        (None, None) => "Select it".to_owned(),
    };
    let mut last = None;
    let mut all = Vec::new();
    let mut add = |name: String| {
        let text = format!("{word} {name}");
        all.push((name, Candidate { text, doc: doc.clone(), more: false }));
    };
    for service in fleet.services() {
        if let Some(project) = &service.id.project
            && last.as_ref() != Some(project)
        {
            add(project.to_string());
            last = Some(project.clone());
        }
        add(service.id.path());
    }
    all
}

fn describe(verb: Verb) -> String {
    Action::from_name(verb.word()).map_or_else(|| verb.word().to_owned(), |a| a.doc().to_owned())
}

/// Those that `needle` finds, best first; all of them for an empty one.
fn ranked(needle: &str, all: Vec<(String, Candidate)>) -> Vec<Candidate> {
    if needle.trim().is_empty() {
        return all.into_iter().map(|(_, c)| c).take(KEPT).collect();
    }
    let pattern = Pattern::parse(needle, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let mut buf = Vec::new();
    let mut scored: Vec<(u32, Candidate)> = all
        .into_iter()
        .filter_map(|(name, candidate)| {
            let score = pattern.score(Utf32Str::new(&name, &mut buf), &mut matcher)?;
            // What begins with it, and what is it, comes first.
            let begins = u32::from(name.starts_with(needle)) * 1000 + u32::from(name == needle) * 1000;
            Some((score + begins, candidate))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, c)| c).take(KEPT).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Sources, candidates};
    use crate::action::Action;
    use crate::console::model::Choice;
    use crate::fleet::Fleet;

    fn first(text: &str) -> Option<String> {
        let themes = [Choice { name: "dracula".into(), doc: "dark".into() }];
        let sources = Sources { fleet: &Fleet::new(), themes: &themes, keymaps: &[] };
        candidates(text, &sources).into_iter().next().map(|c| c.text)
    }

    #[test]
    fn what_is_typed_in_full_is_first() {
        for &action in Action::ALL {
            assert_eq!(first(action.name()).unwrap(), action.name());
        }
    }

    #[test]
    fn arguments_are_completed() {
        assert_eq!(first("theme dr").unwrap(), "theme dracula");
        assert_eq!(first("sort rest").unwrap(), "sort restarts");
        assert_eq!(first("sort zzz"), None);
    }
}
