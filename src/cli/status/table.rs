//! The status as a table.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr;

use super::Shown;
use crate::cli::out::Out;
use crate::cli::table::{Cell, Column, Table};
use crate::cli::target;
use crate::config::{Glyphs, Role};
use crate::fleet::{Cause, Health, Limits, Replica, Role as ReplicaRole, Service, Summary, fold};
use crate::text::human;

/// The situation, the host's figures, and the table, each line ended.
pub(super) fn render(shown: &Shown<'_>, wide: bool, out: &Out) -> String {
    let painter = Painter { glyphs: out.glyphs, wide, answers: wide && answers(shown) };
    let situation = shown.fleet.situation(shown.now);
    let causes = shown.fleet.causes(shown.now);
    let look_first = causes.main().and_then(Cause::sentence).map(|sentence| (Role::Warn, sentence));
    let mut text = String::new();
    let head = [(role(situation.worst), situation.text()), (Role::Dim, heading(shown, out.glyphs))];
    for (role, sentence) in head.into_iter().chain(look_first) {
        for line in folded(&sentence, out.fit()) {
            text.push_str(&out.paint.text(role, &line));
            text.push('\n');
        }
    }
    text.push_str(&painter.table(shown).render(&out.paint, out.fit(), out.glyphs.ellipsis));
    text
}

/// The lines of a sentence of several clauses, broken between clauses where it is too wide.
fn folded(sentence: &str, width: Option<usize>) -> Vec<String> {
    const BETWEEN: &str = " · ";
    let mut lines: Vec<String> = Vec::new();
    for clause in sentence.split(BETWEEN) {
        match lines.last_mut() {
            Some(line)
                if width.is_none_or(|width| line.width() + BETWEEN.width() + clause.width() <= width) =>
            {
                line.push_str(BETWEEN);
                line.push_str(clause);
            }
            _ => lines.push(clause.to_owned()),
        }
    }
    lines
}

/// `docker 28.2.2 on prod-1 · 16 services 34 replicas · ✔14 ▲1 ✖1 ○0 · cpu 34% mem 6.1G/15G disk 71%`.
fn heading(shown: &Shown<'_>, glyphs: &Glyphs) -> String {
    let mut parts = Vec::new();
    if let Some(engine) = shown.fleet.engine() {
        // The demo is always labelled, in capitals.
        let kind = if engine.kind == "demo" { "DEMO" } else { &engine.kind };
        parts.push(format!("{kind} {} on {}", engine.version, engine.host));
    }
    let counts = shown.fleet.counts(shown.now);
    parts.push(format!("{} services {} replicas", counts.services, counts.replicas));
    parts.push(format!(
        "{}{} {}{} {}{} {}{}",
        glyphs.ok,
        counts.well,
        glyphs.warn,
        counts.ailing,
        glyphs.bad,
        counts.broken,
        glyphs.stopped,
        counts.stopped
    ));
    if let Some(host) = shown.fleet.host() {
        let mut figures = Vec::new();
        figures.extend(host.cpu.map(|cpu| format!("cpu {}", human::percent(cpu))));
        figures.extend(
            host.memory
                .zip(host.memory_total)
                .map(|(used, total)| format!("mem {}/{}", human::bytes(used), human::bytes(total))),
        );
        figures.extend(
            host.disk
                .zip(host.disk_total)
                .filter(|(_, total)| *total > 0)
                .map(|(used, total)| format!("disk {}", human::percent((used as f64 / total as f64) as f32))),
        );
        if !figures.is_empty() {
            parts.push(figures.join(" "));
        }
    }
    parts.join(" · ")
}

struct Painter<'a> {
    glyphs: &'a Glyphs,
    wide: bool,
    /// Whether to show how quickly and how well services answer.
    answers: bool,
}

impl Painter<'_> {
    fn table(&self, shown: &Shown<'_>) -> Table {
        let mut columns = vec![
            Column::left(""),
            Column::shrinking("SERVICE"),
            Column::right("UP"),
            Column::shrinking("HEALTH"),
            Column::shrinking("PORTS"),
            Column::right("CPU"),
            Column::right("MEM"),
        ];
        if self.answers {
            columns.extend([Column::right("P95"), Column::right("ERR%")]);
        }
        if self.wide {
            columns.extend([
                Column::right("LIMIT"),
                Column::right("NET IN"),
                Column::right("OUT"),
                Column::right("READ"),
                Column::right("WRITE"),
                Column::right("PIDS"),
                Column::right("RESTARTS"),
            ]);
        }
        columns.extend([Column::shrinking("REVISION"), Column::right("AGE")]);
        if self.wide {
            columns.push(Column::left("ID"));
        }
        let mut table = Table::new(columns);
        let mut project: Option<Option<Arc<str>>> = None;
        for service in shown.fleet.services() {
            let Some(summary) = shown.fleet.summary(&service.id, shown.now) else { continue };
            if !visible(shown, service, &summary) {
                continue;
            }
            if project.as_ref() != Some(&service.id.project) {
                let title = service.id.project.as_deref().unwrap_or("(no project)");
                table.heading(Cell::new(Role::Title, format!("{} {title}", self.glyphs.open)));
                project = Some(service.id.project.clone());
            }
            let up = format!("{}/{}", summary.up, summary.total);
            let replicas: Vec<&Replica> = shown.fleet.replicas_of(&service.id).collect();
            // A lone container is its own one replica: one row says it all.
            let lone = match (replicas.as_slice(), &service.id.project) {
                ([one], None) => Some(*one),
                _ => None,
            };
            table.row(self.row(&service.id.name, &up, &summary, shown, lone));
            if lone.is_some() {
                continue;
            }
            for replica in
                replicas.into_iter().filter(|r| self.wide || (shown.all && r.role != ReplicaRole::Replica))
            {
                if let Some(summary) = shown.fleet.replica_summary(&replica.id, shown.now) {
                    let name = match replica.role {
                        ReplicaRole::Replica => format!("  {}", replica.name),
                        ReplicaRole::Job => format!("  {} (job)", replica.name),
                        ReplicaRole::Spare => format!("  {} (spare)", replica.name),
                    };
                    let mut cells = self.row(&name, replica.state.word(), &summary, shown, Some(replica));
                    if let Some(first) = cells.first_mut() {
                        *first = Cell::from("");
                    }
                    table.row(cells);
                }
            }
        }
        table
    }

    fn row(
        &self,
        name: &str,
        up: &str,
        summary: &Summary,
        shown: &Shown<'_>,
        replica: Option<&Replica>,
    ) -> Vec<Cell> {
        let health = summary.health.health;
        let role = role(health);
        let missing = || self.glyphs.missing.to_owned();
        let usage = &summary.usage;
        let ports: Vec<String> = fold(&summary.ports).iter().map(|p| p.short(self.glyphs.arrow)).collect();
        let mut cells = vec![
            Cell::new(role, glyph(self.glyphs, health)),
            Cell::new(Role::Text, name),
            Cell::new(if summary.up < summary.total { role } else { Role::Text }, up),
            Cell::new(role, words(summary, shown)),
            Cell::new(Role::Dim, ports.join(", ")),
            Cell::from(usage.cpu.map_or_else(missing, human::percent)),
            Cell::from(memory(usage.memory, &summary.limits).unwrap_or_else(missing)),
        ];
        if self.answers {
            cells.extend([
                Cell::from(summary.p95.map_or_else(missing, human::latency)),
                Cell::from(summary.error_rate.map_or_else(missing, human::hundredths)),
            ]);
        }
        if self.wide {
            let rate = |r: Option<f32>| Cell::from(r.map_or_else(missing, human::rate));
            cells.extend([
                Cell::from(limit(&summary.limits).unwrap_or_else(missing)),
                rate(usage.net_rx),
                rate(usage.net_tx),
                rate(usage.block_read),
                rate(usage.block_write),
                Cell::from(usage.pids.map_or_else(missing, |n| n.to_string())),
                Cell::from(summary.restarts.map_or_else(missing, |n| n.to_string())),
            ]);
        }
        let restarts = match summary.restarts {
            Some(n) if n > 0 && !self.wide => format!(" {}{n}", self.glyphs.restarts),
            _ => String::new(),
        };
        cells.push(Cell::from(format!("{}{restarts}", summary.revision)));
        cells.push(Cell::from(summary.since.map_or_else(missing, |at| human::age_at(at, shown.now))));
        if let Some(replica) = replica.filter(|_| self.wide) {
            cells.push(Cell::new(Role::Dim, replica.id.short()));
        }
        cells
    }
}

/// Whether it is known of any service how quickly or how well it answers.
fn answers(shown: &Shown<'_>) -> bool {
    let mut summaries = shown.fleet.services().filter_map(|it| shown.fleet.summary(&it.id, shown.now));
    summaries.any(|it| it.p95.is_some() || it.error_rate.is_some())
}

/// `down 42s: exit 1`.
fn words(summary: &Summary, shown: &Shown<'_>) -> String {
    let since = &summary.health;
    let mut text = since.health.word().to_owned();
    if let Some(at) = since.at.filter(|_| !since.health.is_well()) {
        text = format!("{text} {}", human::age_at(at, shown.now));
    }
    if since.why.is_empty() { text } else { format!("{text}: {}", since.why) }
}

/// `1.6G 80%`: in use, and of the limit where there is one.
fn memory(used: Option<u64>, limits: &Limits) -> Option<String> {
    let used = used?;
    Some(match limits.memory.filter(|&limit| limit > 0) {
        Some(limit) => {
            format!("{} {}", human::bytes(used), human::percent((used as f64 / limit as f64) as f32))
        }
        None => human::bytes(used),
    })
}

/// `1.5 cpu 2.0G`.
fn limit(limits: &Limits) -> Option<String> {
    let cpus = limits.cpus.map(|cpus| format!("{} cpu", (cpus * 100.0).round() / 100.0));
    let memory = limits.memory.map(human::bytes);
    let parts: Vec<String> = cpus.into_iter().chain(memory).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Whether a service is in the table: what was named always is; else what was stopped on purpose
/// and what only has jobs is not, unless all is asked for.
pub(super) fn visible(shown: &Shown<'_>, service: &Service, summary: &Summary) -> bool {
    if !shown.only.is_empty() {
        return shown.only.iter().any(|t| target::covers(t, &service.id, shown.fleet));
    }
    shown.all || (summary.health.health != Health::Stopped && summary.total > 0)
}

/// What a verdict looks like.
pub(in crate::cli) fn role(health: Health) -> Role {
    match health {
        Health::Healthy => Role::Ok,
        Health::Running => Role::Info,
        Health::Stopped => Role::Stopped,
        Health::Paused | Health::Starting | Health::Degraded => Role::Warn,
        Health::Unhealthy | Health::Down => Role::Bad,
    }
}

/// Its character: colour never carries the meaning alone.
pub(in crate::cli) fn glyph(glyphs: &Glyphs, health: Health) -> &'static str {
    match health {
        Health::Healthy => glyphs.ok,
        Health::Running => glyphs.running,
        Health::Stopped => glyphs.stopped,
        Health::Paused => glyphs.paused,
        Health::Starting | Health::Degraded => glyphs.warn,
        Health::Unhealthy | Health::Down => glyphs.bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_too_wide_for_the_terminal_breaks_between_clauses() {
        let sentence = "api down 5s: exit 1 · web is ill · 2 more";
        assert_eq!(folded(sentence, None), [sentence]);
        assert_eq!(folded(sentence, Some(41)), [sentence]);
        assert_eq!(folded(sentence, Some(40)), ["api down 5s: exit 1 · web is ill", "2 more"]);
        assert_eq!(folded(sentence, Some(1)), ["api down 5s: exit 1", "web is ill", "2 more"]);
    }
}
