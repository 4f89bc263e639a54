//! From the fleet to rows: grouped by project, filtered, sorted, folded.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::filter::Passed;
use super::{Column, Grid, Needs, trouble};
use crate::console::pane::Target;
use crate::fleet::{Fleet, Health, Role, Service, ServiceId, Summary, Usage};
use crate::text::human;

/// Whether a row has others under it, and shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Nothing under it.
    None,
    /// Shown.
    Open,
    /// Not shown.
    Folded,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub target: Target,
    /// Whether there is more under it.
    pub fold: Fold,
    /// Characters of the name the filter matched, sorted.
    pub matched: Box<[u16]>,
}

/// A project's services summed.
#[derive(Clone, Debug, PartialEq)]
pub struct Totals {
    /// Replicas up.
    pub up: u32,
    /// Replicas in all.
    pub total: u32,
    /// Services.
    pub services: u32,
    /// Services that are not well.
    pub troubled: u32,
    /// The worst verdict.
    pub worst: Health,
    /// Usage summed; a metric nobody has is `None`.
    pub usage: Usage,
    /// Restarts summed; `None` until known.
    pub restarts: Option<u32>,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            up: 0,
            total: 0,
            services: 0,
            troubled: 0,
            worst: Health::Stopped,
            usage: Usage::default(),
            restarts: None,
        }
    }
}

impl Totals {
    fn add(&mut self, summary: &Summary) {
        self.up += summary.up;
        self.total += summary.total;
        self.services += 1;
        self.troubled += u32::from(trouble(summary.health.health) > 2);
        if trouble(summary.health.health) > trouble(self.worst) {
            self.worst = summary.health.health;
        }
        self.restarts = plus(self.restarts, summary.restarts);
        self.add_usage(&summary.usage);
    }

    fn add_usage(&mut self, usage: &Usage) {
        self.usage.cpu = plus(self.usage.cpu, usage.cpu);
        self.usage.memory = plus(self.usage.memory, usage.memory);
        self.usage.net_rx = plus(self.usage.net_rx, usage.net_rx);
        self.usage.net_tx = plus(self.usage.net_tx, usage.net_tx);
        self.usage.block_read = plus(self.usage.block_read, usage.block_read);
        self.usage.block_write = plus(self.usage.block_write, usage.block_write);
        self.usage.pids = plus(self.usage.pids, usage.pids);
    }
}

/// What the health column says: the verdict, since when, why.
pub fn health_words(summary: &Summary, now: Timestamp) -> String {
    let since = &summary.health;
    let mut words = since.health.word().to_owned();
    if let Some(at) = since.at.filter(|_| ages(since.health)) {
        words.push(' ');
        words.push_str(&human::age_at(at, now));
    }
    if !since.why.is_empty() {
        words.push_str(": ");
        words.push_str(&since.why);
    }
    words
}

/// Since when it is well, or stopped, the age says; a trouble's own age is worth the place.
fn ages(health: Health) -> bool {
    !health.is_well() && health != Health::Stopped
}

/// The width of [`health_words`], the same for every age: columns must not move with the clock.
fn health_width(summary: &Summary) -> usize {
    let since = &summary.health;
    let age = if ages(since.health) && since.at.is_some() { 4 } else { 0 };
    let why = if since.why.is_empty() { 0 } else { 2 + since.why.width() };
    since.health.word().width() + age + why
}

fn plus<T: std::ops::Add<Output = T>>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

/// One project on its way to rows.
struct Group<'a> {
    project: &'a Option<Arc<str>>,
    totals: Totals,
    services: Vec<Shown<'a>>,
}

/// A service that passed filter and hiding.
struct Shown<'a> {
    service: &'a Service,
    summary: &'a Summary,
    score: u32,
    matched: Box<[u16]>,
}

impl Grid {
    /// Work out the rows anew; keeps the selection by id, or moves it to the neighbour.
    pub(super) fn rebuild(&mut self, fleet: &Fleet) {
        let mut hidden = 0;
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut sieve = self.filter.sieve();
        for service in fleet.services() {
            let Some(summary) = self.summaries.get(&service.id) else { continue };
            if groups.last().is_none_or(|g| *g.project != service.id.project) {
                let project = &service.id.project;
                groups.push(Group { project, totals: Totals::default(), services: Vec::new() });
            }
            let Some(group) = groups.last_mut() else { continue };
            group.totals.add(summary);
            let passed = match &mut sieve {
                None => Some(Passed::default()),
                Some(sieve) => sieve.try_service(service.id.project.as_deref(), &service.id.name),
            };
            let stopped = self.hide_stopped && summary.health.health == Health::Stopped;
            match passed {
                Some(Passed { score, matched }) if !stopped => {
                    group.services.push(Shown { service, summary, score, matched });
                }
                _ => hidden += 1,
            }
        }
        drop(sieve);
        for group in &mut groups {
            group.services.sort_by(|a, b| {
                let names = || self.sort.compare_names(&a.service.id.name, &b.service.id.name);
                self.sort.compare(a.summary, b.summary).then_with(names)
            });
        }
        groups.sort_by(|a, b| self.compare_groups(a, b));
        // Lone containers alone need no head above them.
        let heads = groups.len() > 1 || groups.iter().any(|g| g.project.is_some());
        let mut rows = Vec::with_capacity(self.rows.len());
        let (mut longest, mut verdict) = (0, 0);
        let answers = self.summaries.values().any(|it| it.p95.is_some() || it.error_rate.is_some());
        // What was just looked for is what the next key is about.
        let mut best: Option<(u32, &ServiceId)> = None;
        for group in &groups {
            if group.services.is_empty() {
                continue;
            }
            if heads {
                // A filter shows what it found, folded or not.
                let open = !self.filter.is_empty() || !self.folded.contains(group.project);
                rows.push(Row {
                    target: Target::Project(group.project.clone()),
                    fold: if open { Fold::Open } else { Fold::Folded },
                    matched: Box::default(),
                });
                longest = longest.max(group.project.as_deref().map_or(16, UnicodeWidthStr::width) + 3);
                if !open {
                    continue;
                }
            }
            for shown in &group.services {
                longest = longest.max(shown.service.id.name.width() + 6);
                verdict = verdict.max(health_width(shown.summary));
                if shown.score > best.map_or(0, |(score, _)| score) {
                    best = Some((shown.score, &shown.service.id));
                }
                self.push_service(fleet, shown, &mut rows);
            }
        }
        if std::mem::take(&mut self.seek)
            && let Some((_, id)) = best
        {
            self.selected = Some(Target::Service(id.clone()));
        }
        let totals = groups.into_iter().map(|g| (g.project.clone(), g.totals)).collect();
        self.rows = rows;
        self.totals = totals;
        let cols = |width: usize| u16::try_from(width).unwrap_or(u16::MAX);
        self.needs = Needs { name: cols(longest), health: cols(verdict), answers };
        self.hidden = hidden;
        self.drop_gone(fleet);
        self.find_selection(fleet);
    }

    fn push_service(&self, fleet: &Fleet, shown: &Shown<'_>, rows: &mut Vec<Row>) {
        let id = &shown.service.id;
        // One replica is the service itself: nothing to unfold.
        let many = shown.service.replicas.len() > 1;
        let open = many && self.unfolded.contains(id);
        rows.push(Row {
            target: Target::Service(id.clone()),
            fold: match (many, open) {
                (false, _) => Fold::None,
                (true, true) => Fold::Open,
                (true, false) => Fold::Folded,
            },
            matched: shown.matched.clone(),
        });
        if !open {
            return;
        }
        for replica in fleet.replicas_of(id) {
            if self.hide_stopped && replica.role != Role::Replica && !replica.is_up() {
                continue;
            }
            rows.push(Row {
                target: Target::Replica(replica.id.clone()),
                fold: Fold::None,
                matched: Box::default(),
            });
        }
    }

    /// Projects stay groups; where it says something, they stand in the order of their sums.
    fn compare_groups(&self, a: &Group<'_>, b: &Group<'_>) -> Ordering {
        let (x, y) = (&a.totals, &b.totals);
        let order = match self.sort.column {
            Column::Health => trouble(x.worst).cmp(&trouble(y.worst)),
            Column::Cpu => x.usage.cpu.unwrap_or(-1.0).total_cmp(&y.usage.cpu.unwrap_or(-1.0)),
            Column::Mem => x.usage.memory.cmp(&y.usage.memory),
            Column::Pids => x.usage.pids.cmp(&y.usage.pids),
            Column::Restarts => x.restarts.cmp(&y.restarts),
            _ => Ordering::Equal,
        };
        let order = if self.sort.descending() { order.reverse() } else { order };
        order.then_with(|| match (a.project, b.project) {
            (Some(a), Some(b)) => self.sort.compare_names(a, b),
            // Lone containers last, in either direction.
            (a, b) => b.is_some().cmp(&a.is_some()),
        })
    }

    /// Sum usage anew for the projects on screen.
    pub(super) fn refresh_totals(&mut self, fleet: &Fleet, now: Timestamp) {
        let (_, visible) = self.visible();
        let on_screen: HashSet<Option<Arc<str>>> = visible
            .iter()
            .filter_map(|r| match &r.target {
                Target::Project(project) => Some(project.clone()),
                _ => None,
            })
            .collect();
        if on_screen.is_empty() {
            return;
        }
        for (project, totals) in &mut self.totals {
            if on_screen.contains(project) {
                totals.usage = Usage::default();
            }
        }
        // Services come project by project, so the sum is looked up once a project.
        let mut current: Option<usize> = None;
        for service in fleet.services() {
            let project = &service.id.project;
            if current.and_then(|i| self.totals.get(i)).is_none_or(|(p, _)| p != project) {
                current = self.totals.iter().position(|(p, _)| p == project);
            }
            if !on_screen.contains(project) {
                continue;
            }
            let Some((_, totals)) = current.and_then(|i| self.totals.get_mut(i)) else { continue };
            if let Some(summary) = fleet.summary(&service.id, now) {
                totals.add_usage(&summary.usage);
            }
        }
    }

    /// Forget marks and folds of what is gone.
    fn drop_gone(&mut self, fleet: &Fleet) {
        self.marks.retain(|target| match target {
            Target::Project(_) => false,
            Target::Service(id) => fleet.service(id).is_some(),
            Target::Replica(id) => fleet.replica(id).is_some(),
        });
        self.unfolded.retain(|id| fleet.service(id).is_some());
    }

    fn find_selection(&mut self, fleet: &Fleet) {
        let position = |target: &Target| self.rows.iter().position(|r| r.target == *target);
        let index = match &self.selected {
            // At first: the first service, which is the one in the worst trouble.
            None => self.rows.iter().position(|r| matches!(r.target, Target::Service(_))),
            // Folded away: what it hangs on. Gone: whatever stands in its place now.
            Some(target) => position(target).or_else(|| match target {
                Target::Replica(id) => position(&Target::Service(fleet.replica(id)?.service.clone())),
                Target::Service(id) if self.folded.contains(&id.project) => {
                    position(&Target::Project(id.project.clone()))
                }
                _ => None,
            }),
        };
        let last = self.rows.len().saturating_sub(1);
        self.index = index.unwrap_or_else(|| self.index.min(last));
        self.selected = self.rows.get(self.index).map(|r| r.target.clone());
    }
}
