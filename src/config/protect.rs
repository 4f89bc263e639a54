//! Protection: how sure one must be before a target is changed.
//!
//! Pure. Rules name hosts, projects and services by globs; the strictest rule that matches decides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::text::glob::matches as glob_matches;

/// How sure one must be, weakest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Not asked.
    Open,
    /// A yes is asked for.
    #[default]
    Confirm,
    /// The name must be typed.
    Typed,
    /// Not at all.
    ReadOnly,
}

impl Level {
    /// As the config spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirm => "confirm",
            Self::Typed => "typed",
            Self::ReadOnly => "read-only",
        }
    }
}

/// `[[protect]]`: a rule. What it does not name, it does not ask about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// The host as the engine names it; `*` and `?` stand for anything.
    #[schemars(extend("examples" = ["prod-*"]))]
    pub host: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// The service (or lone container).
    pub service: Option<String>,
    /// How sure one must be.
    pub level: Level,
}

/// All rules, resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// Everything is read-only (`--read-only`, `read_only = true`).
    pub read_only: bool,
    /// The rules.
    pub rules: Vec<Rule>,
    /// Globs of projects and `project/service` paths where ending something takes the typed name
    /// (`protected = […]`): the short form of a rule.
    pub typed: Vec<String>,
}

impl Protection {
    /// How sure one must be to change this service. A host that is not known yet (`""`) matches
    /// every rule that names one. `ends`: the change ends something (stop, kill, remove, down),
    /// which is what the short form is about.
    pub fn level(&self, host: &str, project: Option<&str>, service: &str, ends: bool) -> Level {
        if self.read_only {
            return Level::ReadOnly;
        }
        let path = project.map_or_else(|| service.to_owned(), |p| format!("{p}/{service}"));
        let named = |glob: &str| glob_matches(glob, &path) || project.is_some_and(|p| glob_matches(glob, p));
        let short = ends && self.typed.iter().any(|glob| named(glob));
        let matches = |rule: &&Rule| {
            rule.host.as_deref().is_none_or(|glob| host.is_empty() || glob_matches(glob, host))
                && rule.project.as_deref().is_none_or(|glob| project.is_some_and(|p| glob_matches(glob, p)))
                && rule.service.as_deref().is_none_or(|glob| glob_matches(glob, service))
        };
        let strictest = self.rules.iter().filter(matches).map(|rule| rule.level).max();
        let level = strictest.unwrap_or_default();
        if short { level.max(Level::Typed) } else { level }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_names_project_path_or_lone_container_and_guards_endings() {
        let typed = vec!["prod".to_owned(), "shop/postgres".to_owned(), "vault".to_owned()];
        let it = Protection { typed, ..Protection::default() };
        let level = |project, service, ends| it.level("h", project, service, ends);
        assert_eq!(level(Some("prod"), "api", true), Level::Typed);
        assert_eq!(level(Some("prod"), "api", false), Level::Confirm);
        assert_eq!(level(Some("shop"), "postgres", true), Level::Typed);
        assert_eq!(level(Some("shop"), "api", true), Level::Confirm);
        assert_eq!(level(None, "vault", true), Level::Typed);
        assert_eq!(level(Some("shop"), "vault", true), Level::Confirm, "a bare name is no project");
    }

    #[test]
    fn the_strictest_rule_that_matches_decides() {
        let rule = |host: Option<&str>, project: Option<&str>, level| Rule {
            host: host.map(Into::into),
            project: project.map(Into::into),
            service: None,
            level,
        };
        let rules = vec![
            rule(None, None, Level::Open),
            rule(Some("prod-*"), None, Level::Typed),
            rule(None, Some("vault"), Level::ReadOnly),
        ];
        let it = Protection { rules, ..Protection::default() };
        assert_eq!(it.level("dev", Some("shop"), "api", false), Level::Open);
        assert_eq!(it.level("prod-1", Some("shop"), "api", false), Level::Typed);
        assert_eq!(it.level("", Some("shop"), "api", false), Level::Typed, "unknown: as if it were prod");
        assert_eq!(it.level("dev", Some("vault"), "api", false), Level::ReadOnly);
        assert_eq!(Protection::default().level("x", None, "api", true), Level::Confirm);
    }
}
