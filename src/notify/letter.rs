//! What a webhook is sent about an incident.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::alert::{Incident, Occasion, Severity};
use crate::config::Format;
use crate::text::human::rfc3339;

/// Something to be told to one webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// What whoever sends it knows it by.
    pub id: i64,
    /// The webhook's name.
    pub target: String,
    /// What about the incident.
    pub what: Occasion,
    /// The incident.
    pub incident: Incident,
    /// The host, as its engine names it; may be empty.
    pub host: String,
}

/// The body, as JSON of that form.
pub fn body(letter: &Letter, format: Format) -> Value {
    match format {
        Format::Json => plain(letter),
        Format::Slack => json!({ "text": slack(letter) }),
    }
}

/// Every field, under names that stay.
fn plain(letter: &Letter) -> Value {
    let Letter { what, incident, host, .. } = letter;
    let service = incident.key.service.as_ref();
    let time = |at: Timestamp| rfc3339(at);
    json!({
        "version": 1,
        "status": match what { Occasion::Opened => "open", Occasion::Closed => "closed" },
        "id": incident.id,
        "rule": &*incident.key.rule,
        "severity": incident.severity.word(),
        "host": host,
        "subject": incident.subject(),
        "project": service.and_then(|service| service.project.as_deref()),
        "service": service.map(|service| &*service.name),
        "summary": incident.sentence(),
        "figures": &*incident.figures,
        "condition": &*incident.condition,
        "description": &*incident.description,
        "times": incident.times,
        "since": time(incident.since),
        "opened": time(incident.opened),
        "closed": incident.closed.map(|(at, _)| time(at)),
        "ended": incident.closed.map(|(_, end)| end.word()),
    })
}

/// One line, and what the rule says below it.
fn slack(letter: &Letter) -> String {
    let Letter { what, incident, host, .. } = letter;
    let on = if host.is_empty() { String::new() } else { format!(" · {}", escaped(host)) };
    if let (Occasion::Closed, Some((at, end))) = (what, incident.closed) {
        let what = escaped(&format!("{} on {}", incident.key.rule, incident.subject()));
        return format!(
            ":white_check_mark: *closed* {what} ({} after {}){on}",
            end.words(),
            incident.lasted(at)
        );
    }
    let sign = match incident.severity {
        Severity::Critical => ":red_circle:",
        Severity::High => ":large_orange_circle:",
        Severity::Medium => ":large_yellow_circle:",
        Severity::Low => ":large_blue_circle:",
    };
    let text = format!("{sign} *{}* {}{on}", incident.severity.word(), escaped(&incident.sentence()));
    if incident.description.is_empty() {
        return text;
    }
    format!("{text}\n{}", escaped(&incident.description))
}

/// What would be markup, or a mention of everybody, is text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
