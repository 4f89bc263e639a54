//! Rule files: the YAML operators already have (`alerts:`, a list of rules).
//!
//! A mistake spoils its own rule only: it is told with its place, and the others are read.

mod node;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Condition, Rule, Scope, Severity};
use crate::text::human::parse_duration;
use crate::text::near::did_you_mean;
use crate::text::sanitize;
use node::{Node, Place};

/// The keys a rule may have.
const KEYS: [&str; 10] = [
    "name",
    "condition",
    "duration",
    "severity",
    "service",
    "except",
    "labels",
    "within",
    "description",
    "enabled",
];
/// How far back metrics look that look back, where a rule does not say.
const WITHIN: Duration = Duration::from_mins(10);
/// The fleet remembers ends for so long.
const MOST_WITHIN: Duration = Duration::from_hours(1);
/// A rule that has to hold for longer would hardly ever fire.
const MOST_DURATION: Duration = Duration::from_hours(7 * 24);
/// Rules read of one file.
const MOST_RULES: usize = 5_000;
/// Columns of a name and of a description that are kept.
const NAME: usize = 80;
const DESCRIPTION: usize = 300;

/// What is wrong in a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1; 0 = the file as a whole.
    pub line: usize,
    /// Column in characters, from 1; 0 = the line as a whole.
    pub column: usize,
    /// What, as a sentence without full stop.
    pub what: String,
    /// What to do, as a sentence without full stop.
    pub remedy: String,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// Its rules, without those that have a mistake.
    pub rules: Vec<Rule>,
    /// Names of those it switches off.
    pub off: Vec<Arc<str>>,
    /// Every mistake, in the order of the file.
    pub mistakes: Vec<Mistake>,
}

/// Read a rule file's text, called `file` in [`Rule::source`].
pub fn parse(file: &str, text: &str) -> Parsed {
    let read = node::read(text);
    // What is no YAML as a whole may have rules that are, each by itself.
    let pieces = if read.is_err() { pieces(text) } else { Vec::new() };
    let mut reader = Reader { file, text, parsed: Parsed::default(), known: BTreeMap::new() };
    match read {
        Ok(Some(root)) => reader.file(&root),
        Ok(None) => reader.wrong(Place::default(), "the file is empty", "begin it with `alerts:`"),
        Err(broken) => {
            reader.parsed.mistakes.push(broken);
            for (before, piece) in &pieces {
                reader.piece(*before, piece);
            }
        }
    }
    let mut parsed = reader.parsed;
    parsed.mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    parsed
}

/// The items of the list a broken file most likely holds, each as text of its own, with how many
/// lines are before it.
fn pieces(text: &str) -> Vec<(usize, String)> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let begins = |line: &str| line.trim_start_matches(' ').starts_with("- ");
    let Some(depth) = text.lines().find(|line| begins(line)).map(indent) else { return Vec::new() };
    let mut pieces: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate().take(200_000) {
        if begins(line) && indent(line) == depth {
            pieces.push((number, String::new()));
        } else if !line.trim().is_empty() && indent(line) <= depth && !line.trim_start().starts_with('#') {
            // Something else begins here.
            pieces.push((number, String::new()));
        }
        if let Some((_, piece)) = pieces.last_mut() {
            piece.push_str(line);
            piece.push('\n');
        }
    }
    pieces.retain(|(_, piece)| begins(piece));
    pieces.truncate(MOST_RULES);
    pieces
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    parsed: Parsed,
    /// Names there are, with scope, and their lines.
    known: BTreeMap<(Arc<str>, String), usize>,
}

/// The fields of a rule as they are read.
#[derive(Default)]
struct Fields {
    name: Option<Arc<str>>,
    condition: Option<(String, Place)>,
    duration: Duration,
    severity: Severity,
    scope: Scope,
    within: Option<Duration>,
    description: Arc<str>,
    enabled: bool,
}

impl<'t> Reader<'t> {
    fn wrong(&mut self, at: Place, what: impl Into<String>, remedy: impl Into<String>) {
        let Place { line, column, .. } = at;
        self.parsed.mistakes.push(Mistake { line, column, what: what.into(), remedy: remedy.into() });
    }

    fn file(&mut self, root: &node::At<Node>) {
        let list = match &root.value {
            Node::List(items) => items,
            Node::Map(entries) => {
                for (key, _) in entries.iter().filter(|(key, _)| key.value != "alerts") {
                    let what = format!(
                        "a rule file has no `{}`{}",
                        shown(&key.value),
                        did_you_mean(&key.value, ["alerts"])
                    );
                    self.wrong(key.at, what, "it has `alerts`, a list of rules");
                }
                match entries.iter().find(|(key, _)| key.value == "alerts").map(|(_, value)| value) {
                    Some(node::At { value: Node::List(items), .. }) => items,
                    Some(node::At { value: Node::Nothing, .. }) => return,
                    Some(other) => {
                        let what = format!("`alerts` is {}, not a list", other.value.word());
                        self.wrong(other.at, what, "write each rule as `- name: …` below it");
                        return;
                    }
                    None if entries.is_empty() => {
                        self.wrong(root.at, "the file has no rules", "begin it with `alerts:`");
                        return;
                    }
                    None => return,
                }
            }
            other => {
                let what = format!("the file is {}, not a list of rules", other.word());
                self.wrong(root.at, what, "begin it with `alerts:` and write each rule as `- name: …` below");
                return;
            }
        };
        for item in list.iter().take(MOST_RULES) {
            self.rule(item, 0);
        }
        if let Some(item) = list.get(MOST_RULES) {
            let what = format!("more than {MOST_RULES} rules");
            self.wrong(item.at, what, "what comes from here on is left out: split what belongs together");
        }
    }

    /// One item of a broken file, with how many lines are before it.
    fn piece(&mut self, before: usize, piece: &'t str) {
        let Ok(Some(node::At { value: Node::List(items), .. })) = node::read(piece) else { return };
        let from = self.parsed.mistakes.len();
        self.text = piece;
        for item in &items {
            self.rule(item, before);
        }
        for mistake in self.parsed.mistakes.iter_mut().skip(from).filter(|mistake| mistake.line > 0) {
            mistake.line += before;
        }
    }

    /// One rule; `before`: how many lines of the file are before the text its places are of.
    fn rule(&mut self, item: &node::At<Node>, before: usize) {
        let Node::Map(entries) = &item.value else {
            let what = format!("a rule is {}, not keys and values", item.value.word());
            self.wrong(item.at, what, "write it as `- name: …` with `condition: …` below");
            return;
        };
        let mistakes = self.parsed.mistakes.len();
        let mut fields = Fields { enabled: true, ..Fields::default() };
        for (key, value) in entries {
            self.field(&mut fields, key, value);
        }
        if fields.name.is_none() && self.parsed.mistakes.len() == mistakes {
            self.wrong(item.at, "the rule has no name", "give it one: `name: HighErrorRate`");
        }
        if !fields.enabled {
            self.parsed.off.extend(fields.name.filter(|_| self.parsed.mistakes.len() == mistakes));
            return;
        }
        let Some((text, place)) = fields.condition.take() else {
            if self.parsed.mistakes.len() == mistakes {
                self.wrong(item.at, "the rule has no condition", "give it one: `condition: error_rate > 5%`");
            }
            return;
        };
        let within = fields.within.unwrap_or(WITHIN);
        let condition = match Condition::read(&text, within) {
            Ok(condition) => condition,
            Err(slip) => {
                self.wrong(self.inside(place, &text, slip.at), slip.what, slip.remedy);
                return;
            }
        };
        let Some(name) = fields.name.filter(|_| self.parsed.mistakes.len() == mistakes) else { return };
        let line = item.at.line + before;
        let scope = format!("{:?}", fields.scope);
        if let Some(known) = self.known.insert((name.clone(), scope), line) {
            let what = format!("there is a rule `{name}` for the same services at line {known}");
            self.wrong(item.at, what, "give one of the two another name, or keep one");
            return;
        }
        self.parsed.rules.push(Rule {
            name,
            condition,
            duration: fields.duration,
            severity: fields.severity,
            scope: fields.scope,
            within,
            description: fields.description,
            source: format!("{}:{line}", self.file).into(),
        });
    }

    fn field(&mut self, fields: &mut Fields, key: &node::At<String>, value: &node::At<Node>) {
        match key.value.as_str() {
            "name" => {
                fields.name = self.text(key, value).map(|text| sanitize::label(text.trim(), NAME));
                if fields.name.as_deref() == Some("") {
                    self.wrong(value.at, "the name is empty", "give the rule one: `name: HighErrorRate`");
                }
            }
            "condition" => fields.condition = self.text(key, value).map(|text| (text.to_owned(), value.at)),
            "duration" => fields.duration = self.span(key, value, MOST_DURATION).unwrap_or_default(),
            "within" => {
                fields.within = self.span(key, value, MOST_WITHIN);
                if fields.within == Some(Duration::ZERO) {
                    self.wrong(value.at, "`within` is no time at all", "write it like `within: 10m`");
                }
            }
            "severity" => {
                const WORDS: [&str; 6] = ["critical", "high", "medium", "low", "warning", "info"];
                let Some(text) = self.text(key, value) else { return };
                if let Some(severity) = Severity::from_word(text) {
                    fields.severity = severity;
                } else {
                    let what = format!("there is no severity `{}`{}", shown(text), did_you_mean(text, WORDS));
                    self.wrong(value.at, what, "it is critical, high, medium (warning) or low (info)");
                }
            }
            "service" => fields.scope.services = self.globs(key, value),
            "except" => fields.scope.except = self.globs(key, value),
            "labels" => self.labels(&mut fields.scope, value),
            "description" => {
                let text = self.text(key, value).unwrap_or_default();
                fields.description = sanitize::label(text.trim(), DESCRIPTION);
            }
            "enabled" => match self.text(key, value) {
                Some("true" | "yes" | "on") => {}
                Some("false" | "no" | "off") => fields.enabled = false,
                Some(other) => {
                    let what = format!("`enabled` is neither true nor false but `{}`", shown(other));
                    self.wrong(value.at, what, "write true or false");
                }
                None => {}
            },
            other => {
                let what = format!("a rule has no `{}`{}", shown(other), did_you_mean(other, KEYS));
                self.wrong(key.at, what, format!("it has {}", KEYS.join(", ")));
            }
        }
    }

    fn text<'n>(&mut self, key: &node::At<String>, value: &'n node::At<Node>) -> Option<&'n str> {
        if let Node::Text(text) = &value.value {
            return Some(text);
        }
        let what = format!("`{}` is {}, not text", shown(&key.value), value.value.word());
        self.wrong(value.at, what, "write it behind the colon");
        None
    }

    fn span(&mut self, key: &node::At<String>, value: &node::At<Node>, most: Duration) -> Option<Duration> {
        let text = self.text(key, value)?;
        match parse_duration(text) {
            Ok(span) if span <= most => Some(span),
            Ok(_) => {
                let most = crate::text::human::duration(most);
                self.wrong(
                    value.at,
                    format!("`{}` is longer than {most}", shown(text)),
                    "write a shorter time",
                );
                None
            }
            Err(_) => {
                let what = format!("`{}` is no time", shown(text));
                self.wrong(value.at, what, format!("write it like `{}: 5m`, 30s, 1h30m", key.value));
                None
            }
        }
    }

    /// One glob or a list of them.
    fn globs(&mut self, key: &node::At<String>, value: &node::At<Node>) -> Vec<String> {
        let one = std::slice::from_ref(value);
        let items = if let Node::List(items) = &value.value { items.as_slice() } else { one };
        let mut globs = Vec::new();
        for item in items {
            match self.text(key, item).map(str::trim) {
                Some("") => {
                    self.wrong(item.at, "an empty name means no service", "name one, like `shop/api-*`");
                }
                Some(glob) => globs.push(sanitize::label(glob, 200).to_string()),
                None => {}
            }
        }
        if items.is_empty() {
            self.wrong(
                value.at,
                format!("`{}` names nothing", key.value),
                "name a service, like `shop/api-*`",
            );
        }
        globs
    }

    fn labels(&mut self, scope: &mut Scope, value: &node::At<Node>) {
        let Node::Map(entries) = &value.value else {
            let what = format!("`labels` is {}, not keys and values", value.value.word());
            self.wrong(value.at, what, "write it like `labels: {team: shop-*}`");
            return;
        };
        for (key, value) in entries {
            let Some(glob) = self.text(key, value) else { continue };
            let key = key.value.strip_prefix("quarterdeck.").unwrap_or(&key.value);
            scope.labels.push((key.to_owned(), glob.to_owned()));
        }
    }

    /// The place within a condition, where it stands in the file as it was read.
    fn inside(&self, place: Place, text: &str, at: usize) -> Place {
        let source = place.bytes.and_then(|(from, length)| self.text.get(from..from.checked_add(length)?));
        let quoted = source.is_some_and(|source| source.get(1..).is_some_and(|rest| rest.starts_with(text)));
        let plain = source.is_some_and(|source| source.starts_with(text));
        if text.contains('\n') || !(quoted || plain) {
            return place;
        }
        let before = text.get(..at).unwrap_or(text).chars().count();
        Place { column: place.column + before + usize::from(quoted && !plain), ..place }
    }
}

/// A piece of the file, safe in a sentence.
fn shown(raw: &str) -> Arc<str> {
    sanitize::label(raw, 60)
}
