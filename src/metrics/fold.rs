//! One scrape's text folded to what is wanted of it: the series that count requests, errors and
//! times, and what the config names. Pure, and bounded whatever the text holds.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use super::names::{self, Part, Tells};
use super::parse::{Line, Sample, Visit};
use crate::config::{KeepRule, Take};

/// Series of counters kept of one target. What comes after is not counted, which is said.
const MAX_SERIES: usize = 65_536;
/// Families and places in them, likewise.
const MAX_FAMILIES: usize = 32;
const MAX_SLOTS: usize = 1_024;
/// The most that one rule may keep.
pub(super) const MAX_KEEPS: usize = 64;

/// A series is known again by the hash of how it is written; of this process only, so nobody can
/// aim at another's.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What the config wants of a text, beside what is known by common names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The family that counts requests.
    pub requests: Option<Arc<str>>,
    /// The one that counts failures.
    pub errors: Option<Arc<str>>,
    /// The one that says how long answers took.
    pub durations: Option<Arc<str>>,
    /// Others, by name; at most 64.
    pub keep: Vec<KeepRule>,
}

/// A family of interest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Family {
    pub(super) name: Box<str>,
    pub(super) tells: Tells,
    /// 0 where the config names it.
    pub(super) rank: usize,
    /// Seconds in its unit.
    pub(super) factor: f64,
    /// Its series say how requests ended.
    pub(super) status: bool,
    pub(super) buckets: bool,
    /// The worst of the 0.5, 0.95 and 0.99 quantiles that a summary says by itself.
    pub(super) quantiles: [Option<f64>; 3],
}

/// What a series counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Slot {
    /// Requests (or failures) of a family.
    Count { family: usize, failed: bool },
    /// Requests of a family that took no longer.
    Bucket { family: usize, bound: f64 },
    /// A counter the config wants.
    Keep(usize),
}

/// One series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Series {
    pub(super) id: u64,
    pub(super) value: f64,
    pub(super) slot: u32,
}

/// What one scrape comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    pub(super) families: Vec<Family>,
    pub(super) slots: Vec<Slot>,
    pub(super) series: Vec<Series>,
    /// By the place in `keep`: the value of what is no counter.
    pub(super) kept: Vec<Option<f64>>,
    /// There was more than is kept or read: what is missing is not zero.
    pub(super) full: bool,
}

impl Snapshot {
    /// Whether there was more of it than is kept.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Nothing is known of what was not read.
    pub fn cut(&mut self) {
        self.full = true;
    }
}

/// What a name is wanted for.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    /// The family, as a place in the snapshot.
    family: Option<usize>,
    part: Option<Part>,
    /// Places in `keep`, as bits.
    keeps: u64,
}

/// Takes the lines of one text.
#[derive(Debug)]
pub struct Collector<'w> {
    wanted: &'w Wanted,
    snapshot: Snapshot,
    /// The name that was asked for last: the lines of a family come together.
    name: String,
    used: Use,
    /// Of `keep`: what the text itself calls a counter, as bits.
    counters: u64,
    /// The slot that was found last.
    slot: usize,
}

impl<'w> Collector<'w> {
    /// For one text.
    pub fn new(wanted: &'w Wanted) -> Self {
        let kept = vec![None; wanted.keep.len().min(MAX_KEEPS)];
        let snapshot = Snapshot { kept, ..Snapshot::default() };
        Self { wanted, snapshot, name: String::new(), used: Use::default(), counters: 0, slot: 0 }
    }

    /// What it came to.
    pub fn end(self) -> Snapshot {
        self.snapshot
    }

    fn keeps(&self) -> impl Iterator<Item = (usize, &'w KeepRule)> + use<'w> {
        self.wanted.keep.iter().take(MAX_KEEPS).enumerate()
    }

    /// What a name is wanted for.
    fn use_of(&mut self, name: &str) -> Use {
        let mut keeps = 0;
        for (place, keep) in self.keeps() {
            let is_it = name == keep.family || name.strip_suffix("_total") == Some(&keep.family);
            keeps |= u64::from(is_it) << place;
        }
        let (family, part) = names::part(name);
        let Some((tells, rank)) = self.meaning(name, family, part) else {
            return Use { keeps, ..Use::default() };
        };
        let family = if tells == Tells::Durations { family } else { name };
        Use { family: self.family(family, tells, rank), part: Some(part), keeps }
    }

    /// What a name tells of, and how good a one it is; what the config names goes before all others
    /// of its kind, and alone.
    fn meaning(&self, name: &str, family: &str, part: Part) -> Option<(Tells, usize)> {
        let Wanted { requests, errors, durations, .. } = self.wanted;
        let counts = |wanted: &Option<Arc<str>>| {
            wanted
                .as_deref()
                .is_some_and(|it| it == name || (it == family && matches!(part, Part::Total | Part::Count)))
        };
        if counts(requests) {
            return Some((Tells::Requests, 0));
        }
        if counts(errors) {
            return Some((Tells::Errors, 0));
        }
        let timed = matches!(part, Part::Bucket | Part::Count | Part::Plain);
        if timed && durations.as_deref() == Some(family) {
            return Some((Tells::Durations, 0));
        }
        if part == Part::Sum {
            return None;
        }
        let (tells, rank) = names::meaning(family, part)?;
        let is_named = match tells {
            Tells::Requests => requests,
            Tells::Errors => errors,
            Tells::Durations => durations,
        };
        is_named.is_none().then_some((tells, rank + 1))
    }

    fn family(&mut self, name: &str, tells: Tells, rank: usize) -> Option<usize> {
        let families = &mut self.snapshot.families;
        if let Some(at) = families.iter().position(|it| it.tells == tells && &*it.name == name) {
            return Some(at);
        }
        if families.len() >= MAX_FAMILIES {
            self.snapshot.full = true;
            return None;
        }
        families.push(Family {
            name: name.into(),
            tells,
            rank,
            factor: names::in_seconds(name).1,
            status: false,
            buckets: false,
            quantiles: [None; 3],
        });
        Some(families.len() - 1)
    }

    /// The place of what a series counts.
    fn slot(&mut self, wanted: Slot) -> Option<u32> {
        let slots = &mut self.snapshot.slots;
        // Buckets come in their order, so it is the next one, or this one again.
        let near = [self.slot + 1, self.slot, 0];
        let found = near.into_iter().find(|&at| slots.get(at) == Some(&wanted));
        let at = match found.or_else(|| slots.iter().position(|slot| *slot == wanted)) {
            Some(at) => at,
            None if slots.len() < MAX_SLOTS => {
                slots.push(wanted);
                slots.len() - 1
            }
            None => {
                self.snapshot.full = true;
                return None;
            }
        };
        self.slot = at;
        u32::try_from(at).ok()
    }

    fn count(&mut self, sample: &Sample<'_>, slot: Slot) {
        if !sample.value.is_finite() || sample.value < 0.0 {
            return;
        }
        if self.snapshot.series.len() >= MAX_SERIES {
            self.snapshot.full = true;
            return;
        }
        let Some(slot) = self.slot(slot) else { return };
        let mut hasher = HASHER.build_hasher();
        (sample.name, slot_kind(self.snapshot.slots.get(slot as usize))).hash(&mut hasher);
        hasher.write(sample.labels.raw());
        self.snapshot.series.push(Series { id: hasher.finish(), value: sample.value, slot });
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let Use { family, part, keeps } = self.used;
        if keeps != 0 {
            self.keep(sample, keeps);
        }
        let (Some(at), Some(part)) = (family, part) else { return };
        let Some(it) = self.snapshot.families.get_mut(at) else { return };
        match (it.tells, part) {
            (Tells::Durations, Part::Bucket) => {
                if let Some(bound) = names::bound(sample) {
                    it.buckets = true;
                    self.count(sample, Slot::Bucket { family: at, bound });
                }
            }
            (Tells::Durations, Part::Plain) => {
                let quantile = names::quantile(sample).filter(|_| sample.value.is_finite());
                let place =
                    quantile.and_then(|it| [0.5, 0.95, 0.99].iter().position(|q| (q - it).abs() < 1e-9));
                if let Some(worst) = place.and_then(|place| it.quantiles.get_mut(place)) {
                    *worst = Some(worst.map_or(sample.value, |worst| worst.max(sample.value)));
                }
            }
            (Tells::Errors, _) => self.count(sample, Slot::Count { family: at, failed: false }),
            (Tells::Requests | Tells::Durations, _) => {
                let failed = names::failed(sample.labels);
                it.status |= failed.is_some();
                self.count(sample, Slot::Count { family: at, failed: failed == Some(true) });
            }
        }
    }

    /// What the config wants of it.
    fn keep(&mut self, sample: &Sample<'_>, keeps: u64) {
        for (place, keep) in self.keeps() {
            if keeps >> place & 1 == 0 || !has(sample, keep) {
                continue;
            }
            if is_rate(keep, sample.name, self.counters >> place & 1 == 1) {
                self.count(sample, Slot::Keep(place));
                continue;
            }
            let Some(kept) = self.snapshot.kept.get_mut(place) else { continue };
            if sample.value.is_nan() {
                continue;
            }
            *kept = Some(match (*kept, keep.take) {
                (None, _) => sample.value,
                (Some(kept), Some(Take::Max)) => kept.max(sample.value),
                (Some(kept), Some(Take::Min)) => kept.min(sample.value),
                (Some(kept), _) => kept + sample.value,
            });
        }
    }
}

/// One sample may be counted as two things.
fn slot_kind(slot: Option<&Slot>) -> usize {
    match slot {
        Some(Slot::Keep(place)) => place + 1,
        _ => 0,
    }
}

fn has(sample: &Sample<'_>, keep: &KeepRule) -> bool {
    keep.labels
        .iter()
        .all(|(name, wanted)| sample.labels.get(name).is_some_and(|value| value.text() == *wanted))
}

/// Whether how fast it grows is wanted, and not what it is.
fn is_rate(keep: &KeepRule, name: &str, is_counter: bool) -> bool {
    match keep.take {
        Some(take) => take == Take::Rate,
        // Gauges may be called `…_count`; nobody calls one `…_total`.
        None => is_counter || names::part(name).1 == Part::Total,
    }
}

impl Visit for Collector<'_> {
    fn wants(&mut self, name: &str) -> bool {
        if name != self.name {
            self.name.clear();
            self.name.push_str(name);
            self.used = self.use_of(name);
        }
        self.used.family.is_some() || self.used.keeps != 0
    }

    fn line(&mut self, line: Line<'_>) {
        match line {
            Line::Sample(sample) => self.sample(&sample),
            Line::Type { family, kind: "counter" } => {
                for (place, keep) in self.keeps() {
                    let is_it = keep.family == family || keep.family.strip_suffix("_total") == Some(family);
                    self.counters |= u64::from(is_it) << place;
                }
            }
            Line::Type { .. } => {}
            Line::Unit { family, unit } => {
                let Some((Tells::Durations, rank)) = self.meaning(family, family, Part::Count) else {
                    return;
                };
                if let Some(factor) = names::unit(unit)
                    && let Some(it) = self
                        .family(family, Tells::Durations, rank)
                        .and_then(|at| self.snapshot.families.get_mut(at))
                {
                    it.factor = factor;
                }
            }
        }
    }
}
