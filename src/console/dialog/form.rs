//! Asking for the value a change needs: how many replicas, which image, which limits. Pure.

use std::sync::Arc;

use super::super::pane::Target;
use super::fields::{Field, Fields, Value};
use crate::fleet::Limits;
use crate::operate::{Change, Pull};
use crate::text::human;

/// What a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// How many replicas.
    Scale,
    /// Which image.
    Deploy,
    /// Which limits.
    Limit,
}

/// Ask for a value.
pub struct Form {
    /// For what.
    pub wanted: Wanted,
    /// Of what.
    pub aim: Vec<Target>,
    /// Of what, in words.
    pub what: String,
    /// Its lines.
    pub fields: Fields,
}

const PULLS: &[&str] = &["when it is missing", "always", "never"];

impl Form {
    /// How many replicas; `now` = how many there are, where that is known.
    pub fn scale(aim: Vec<Target>, what: String, now: Option<u32>) -> Self {
        let value = now.map(|n| n.to_string()).unwrap_or_default();
        let about = now.map(|n| format!("now {n}")).unwrap_or_default();
        Self::new(Wanted::Scale, aim, what, vec![Field::text("replicas", &value, about)])
    }

    /// Which image; `now` = the reference it was made from.
    pub fn deploy(aim: Vec<Target>, what: String, now: Option<&str>) -> Self {
        let about = if now.is_some() { "unchanged: the same one anew" } else { "empty: each its own anew" };
        let fields = vec![
            Field::text("image", now.unwrap_or_default(), about.to_owned()),
            Field {
                label: "pull",
                value: Value::Choice(PULLS, 0),
                about: "left and right change it".to_owned(),
                before: String::new(),
            },
        ];
        Self::new(Wanted::Deploy, aim, what, fields)
    }

    /// Which limits; `now` = those it has, where all have the same.
    pub fn limit(aim: Vec<Target>, what: String, now: Option<Limits>) -> Self {
        let cpus = now.map(|l| l.cpus.map_or_else(|| "0".to_owned(), |c| c.to_string())).unwrap_or_default();
        let memory = now.map(|l| l.memory.map_or_else(|| "0".to_owned(), human::bytes)).unwrap_or_default();
        let fields = vec![
            Field::text("cpus", &cpus, "cores, as 0.5; 0 is no limit".to_owned()),
            Field::text("memory", &memory, "as 512m or 2g; 0 is no limit".to_owned()),
        ];
        Self::new(Wanted::Limit, aim, what, fields)
    }

    fn new(wanted: Wanted, aim: Vec<Target>, what: String, fields: Vec<Field>) -> Self {
        Self { wanted, aim, what, fields: Fields::new(fields) }
    }

    /// Its title.
    pub fn title(&self) -> String {
        let verb = match self.wanted {
            Wanted::Scale => "scale",
            Wanted::Deploy => "deploy",
            Wanted::Limit => "limit",
        };
        format!("{verb} {}", self.what)
    }

    /// The change it describes.
    ///
    /// # Errors
    /// One sentence about what is wrong with it.
    pub fn change(&self) -> Result<Change, String> {
        let typed = |i: usize| self.fields.typed(i);
        match self.wanted {
            Wanted::Scale => Ok(Change::Scale { to: count(typed(0))? }),
            Wanted::Deploy => {
                let same = self.fields.list.first().is_some_and(|f| f.typed() == f.before);
                let image = if same || typed(0).is_empty() { None } else { Some(image(typed(0))?) };
                let pull = match self.fields.list.get(1).map(|f| &f.value) {
                    Some(Value::Choice(_, 1)) => Pull::Always,
                    Some(Value::Choice(_, 2)) => Pull::Never,
                    _ => Pull::Missing,
                };
                Ok(Change::Deploy { image, pull })
            }
            Wanted::Limit => {
                let changed = |i: usize| {
                    let field = self.fields.list.get(i)?;
                    (field.typed() != field.before && !field.typed().is_empty()).then(|| field.typed())
                };
                let change = limits(
                    changed(0).map(|c| ("cpus", c)).into_iter().chain(changed(1).map(|m| ("memory", m))),
                )?;
                match change {
                    Change::Limit { cpus: None, memory: None } => {
                        Err("nothing differs from what it is: change a value, or esc".to_owned())
                    }
                    change => Ok(change),
                }
            }
        }
    }
}

/// A number of replicas.
///
/// # Errors
/// One sentence.
pub fn count(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is no number of replicas"))
}

/// An image's reference.
///
/// # Errors
/// One sentence.
pub fn image(text: &str) -> Result<Arc<str>, String> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if text.is_empty() || text.starts_with('-') || text.contains(odd) {
        return Err(format!("`{text}` is no image: write it as registry/name:tag"));
    }
    Ok(text.into())
}

/// `cpus=1 memory=512m`, in any order, one of them or both.
///
/// # Errors
/// One sentence.
pub fn limits<'t>(pairs: impl Iterator<Item = (&'t str, &'t str)>) -> Result<Change, String> {
    let (mut cpus, mut memory) = (None, None);
    for (key, value) in pairs {
        match key {
            "cpus" | "cpu" => {
                let cores = value.parse::<f64>().ok().filter(|c| c.is_finite() && *c >= 0.0);
                cpus = Some(cores.ok_or_else(|| format!("`{value}` is no number of cores, as 0.5"))?);
            }
            "memory" | "mem" => memory = Some(human::parse_bytes(value).map_err(|e| e.to_string())?),
            _ => return Err(format!("`{key}` is no limit: cpus=1 memory=512m")),
        }
    }
    Ok(Change::Limit { cpus, memory })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Form, Value, count, image, limits};
    use crate::fleet::Limits;
    use crate::operate::{Change, Pull};

    #[test]
    fn what_is_left_as_it_was_means_the_same_image_anew() {
        let mut form = Form::deploy(Vec::new(), "api".into(), Some("shop/api:1"));
        assert_eq!(form.change(), Ok(Change::Deploy { image: None, pull: Pull::Missing }));
        if let Value::Text(line) = &mut form.fields.list[0].value {
            *line = tui_input::Input::new("shop/api:2".into());
        }
        form.fields.list[1].value = Value::Choice(super::PULLS, 1);
        assert_eq!(
            form.change(),
            Ok(Change::Deploy { image: Some("shop/api:2".into()), pull: Pull::Always })
        );
    }

    #[test]
    fn only_what_differs_is_limited_anew() {
        let now = Limits { cpus: Some(0.5), memory: Some(512 << 20), pids: None };
        let mut form = Form::limit(Vec::new(), "api".into(), Some(now));
        assert!(form.change().unwrap_err().contains("nothing differs"));
        if let Value::Text(line) = &mut form.fields.list[1].value {
            *line = tui_input::Input::new("1g".into());
        }
        assert_eq!(form.change(), Ok(Change::Limit { cpus: None, memory: Some(1 << 30) }));
    }

    #[test]
    fn values_that_are_none_say_so() {
        assert!(count("three").is_err() && count("-1").is_err() && count("").is_err());
        assert!(image("a b").is_err() && image("").is_err() && image("--rm").is_err());
        for (key, value) in [("cpus", "NaN"), ("cpus", "-1"), ("memory", "lots"), ("pids", "3")] {
            assert!(limits([(key, value)].into_iter()).is_err(), "{key}={value}");
        }
    }
}
