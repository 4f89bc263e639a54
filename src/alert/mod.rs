//! Alert rules, and the incidents they open and close. Pure.
//!
//! Owns: the rule files operators already have (YAML), the grammar of their conditions, the
//! shipped default rules, the book of incidents. Must not: do IO or read a clock (rules come as
//! text, figures come from the fleet, time comes as an argument), or know how incidents are told.

mod book;
mod columns;
mod condition;
mod defaults;
mod incident;
mod lex;
mod metric;
mod parse;
mod readings;
mod rules;

pub use book::{Book, Change};
pub use condition::{Condition, Slip};
pub use defaults::{DEFAULTS, default_rules, defaults_markdown};
pub use incident::{Acknowledged, End, Incident, Key, Muted, Muting, Occasion, Silence, by_cause};
pub use metric::{Known, METRICS, Metric, Of, Unit, metrics_markdown};
pub use parse::{Mistake, Parsed, parse};
pub use rules::{Rule, Rules, Scope, Severity, names as means};
