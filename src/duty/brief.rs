//! What whoever is on duty goes by: the rules and the webhooks of a config, read where they lie.

use crate::alert::Rules;
use crate::config::{self, AlertSettings, Env, Webhook};
use crate::notify::{NotifyError, Target};

/// Rules and those who are told, and what is wrong with some of them.
#[derive(Debug, Default)]
pub struct Brief {
    /// Every rule that can be used.
    pub rules: Rules,
    /// Everybody who can be told.
    pub targets: Vec<Target>,
    /// What is wrong with the others, sentences; a remedy stands with each.
    pub problems: Vec<String>,
}

impl Brief {
    /// Read it. What is wrong with one rule or webhook keeps the others from nothing. Blocks.
    pub fn read(settings: &AlertSettings, env: Env<'_>) -> Self {
        let loaded = config::alert_rules(settings);
        let (targets, wrong) = targets(&settings.webhooks, env);
        let wrong = wrong.iter().map(|error| format!("{error}. {}", error.remedy()));
        let problems = loaded.problems.iter().map(ToString::to_string).chain(wrong).collect();
        Self { rules: loaded.rules, targets, problems }
    }
}

/// The webhooks of a config, as far as they can be used, and what is wrong with the others. Blocks.
pub fn targets(hooks: &[Webhook], env: Env<'_>) -> (Vec<Target>, Vec<NotifyError>) {
    let (mut targets, mut wrong) = (Vec::new(), Vec::new());
    for (place, hook) in hooks.iter().enumerate() {
        match Target::of(hook, place + 1, env) {
            Ok(target) => targets.push(target),
            Err(error) => wrong.push(error),
        }
    }
    Target::tell_apart(&mut targets);
    (targets, wrong)
}
