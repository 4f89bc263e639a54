//! What a replica logs: a pure function of seed and time, made when somebody reads it.
//!
//! Time is cut into slots; what is said in a slot follows from the hash of (unit, slot). So any
//! stretch of any log can be made at once, again and again the same, and nothing is stored.

mod formats;
mod moments;
mod releases;
mod stores;
mod web;

use jiff::{SignedDuration, Timestamp};

use super::load::{self, Weather};
use super::platform::{Program, Spec};
use super::random::{Rng, hash, share};
use super::world::{Run, Unit, World};

/// How far back a log goes, microseconds: the rest was rotated away.
const KEPT: i64 = 2 * 3_600 * 1_000_000;
/// Microseconds of a slot.
const SLOT: i64 = 2_000_000;

/// One line, microseconds since the world's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawLine {
    pub(super) at: i64,
    pub(super) stderr: bool,
    pub(super) text: String,
}

/// Who speaks, and in which world.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) unit: &'a Unit,
    pub(super) spec: &'a Spec,
    pub(super) start: Timestamp,
    /// Milliseconds since then.
    pub(super) now: i64,
    pub(super) seed: u64,
}

impl Scene<'_> {
    fn time(&self, micros: i64) -> Timestamp {
        self.start.checked_add(SignedDuration::from_micros(micros)).unwrap_or(self.start)
    }
}

/// The lines in `since ≤ at < until`, at most the last `tail` of them.
pub(super) fn history(scene: &Scene<'_>, since: Option<i64>, until: i64, tail: Option<u64>) -> Vec<RawLine> {
    let oldest = scene.unit.runs.front().map_or(until, |run| run.from * 1_000);
    // A log is rotated by being written to: what ended long ago still has its last hours.
    let newest = scene.unit.runs.back().and_then(|run| run.to).map_or(until, |to| until.min(to * 1_000 + 1));
    let floor = since.unwrap_or(i64::MIN).max(newest.saturating_sub(KEPT)).max(oldest);
    let Some(tail) = tail else { return between(scene, floor, until) };
    let tail = usize::try_from(tail).unwrap_or(usize::MAX);
    // Go back in growing steps until there are enough.
    let mut reach = 15_000_000_i64;
    loop {
        let from = newest.saturating_sub(reach).max(floor);
        let mut lines = between(scene, from, until);
        if lines.len() >= tail || from <= floor {
            lines.drain(..lines.len().saturating_sub(tail));
            return lines;
        }
        reach = reach.saturating_mul(4);
    }
}

/// The lines in `from ≤ at < until`, in order.
pub(super) fn between(scene: &Scene<'_>, from: i64, until: i64) -> Vec<RawLine> {
    let mut lines = Vec::new();
    for run in &scene.unit.runs {
        let begins = run.from * 1_000;
        let ends = run.to.map_or(until, |to| to * 1_000);
        if ends < from || begins >= until {
            continue;
        }
        moments::begin(scene, run, &mut lines);
        for slot in slots(from.max(begins), until.min(ends)) {
            say_slot(scene, run, slot, &mut lines);
        }
        moments::end(scene, run, &mut lines);
    }
    lines.retain(|line| from <= line.at && line.at < until);
    // Stable: the lines of one trace stay together.
    lines.sort_by_key(|line| line.at);
    lines
}

/// When the next line at or after `from` comes, looking a few slots ahead; else where it stopped
/// looking. Writes no line: with many logs followed, this is asked often.
pub(super) fn next(scene: &Scene<'_>, from: i64) -> i64 {
    let ahead = from + 4 * SLOT;
    let Some(run) = scene.unit.runs.back() else { return ahead };
    let mut moments = Vec::new();
    moments::begin(scene, run, &mut moments);
    moments::end(scene, run, &mut moments);
    let moments = moments.into_iter().map(|line| line.at);
    let records = slots(from, ahead).flat_map(|slot| Slot::of(scene, slot).moments(scene, run));
    moments.chain(records).filter(|at| *at >= from).min().unwrap_or(ahead).min(ahead)
}

fn slots(from: i64, until: i64) -> impl Iterator<Item = i64> {
    // A record may have begun in the slot before and still be speaking.
    from.div_euclid(SLOT) - 1..=until.div_euclid(SLOT)
}

/// What is said in one slot of a run, before it is put into words.
struct Slot {
    start: i64,
    load: f64,
    chance: u64,
    records: i64,
}

impl Slot {
    fn of(scene: &Scene<'_>, slot: i64) -> Self {
        let middle = (slot * SLOT + SLOT / 2) / 1_000;
        let load = Weather::at(scene.seed, middle).load(scene.spec, scene.unit.seed, middle);
        let expected = scene.spec.program.profile().talk * (0.12 + load) * (SLOT as f64 / 1e6);
        let chance = hash(scene.unit.seed ^ 0x7A1C, slot);
        // What dies at once gets nothing done to speak of.
        let idle = scene.unit.fate.is_short();
        let records = if idle { 0 } else { (expected + share(chance)) as i64 };
        Self { start: slot * SLOT, load, chance, records }
    }

    /// Each record's chance and time, in no order.
    fn records(&self) -> impl Iterator<Item = (Rng, i64)> + use<> {
        let (start, chance) = (self.start, self.chance);
        (0..self.records).map(move |nth| {
            let mut rng = Rng::new(hash(chance, nth));
            let at = start + rng.below(SLOT.unsigned_abs()).cast_signed();
            (rng, at)
        })
    }

    /// The times at which a run says something in this slot.
    fn moments(&self, scene: &Scene<'_>, run: &Run) -> Vec<i64> {
        self.records().map(|(_, at)| at).filter(|at| speaks(scene, run, *at)).collect()
    }
}

/// Whether a run has begun to serve at `at`, and is neither frozen nor about to end.
fn speaks(scene: &Scene<'_>, run: &Run, at: i64) -> bool {
    let ready = (run.from + scene.spec.program.profile().boot_ms) * 1_000;
    let silent = run.asked.or(run.to).map_or(i64::MAX, |at| at * 1_000);
    ready <= at && at < silent && !run.is_paused_at(at / 1_000)
}

/// Everything said in one slot of a run.
fn say_slot(scene: &Scene<'_>, run: &Run, slot: i64, lines: &mut Vec<RawLine>) {
    let slot = Slot::of(scene, slot);
    if slot.records == 0 {
        return;
    }
    let broken = scene.world.broken_call(scene.spec, (slot.start + SLOT / 2) / 1_000);
    for (rng, at) in slot.records() {
        if speaks(scene, run, at) {
            let mut voice = Voice { scene, at, load: slot.load, broken, run, rng, lines: &mut *lines };
            voice.record();
        }
    }
}

/// One record being written.
struct Voice<'a, 'b> {
    scene: &'a Scene<'a>,
    at: i64,
    load: f64,
    broken: Option<(&'static str, u16)>,
    run: &'a Run,
    rng: Rng,
    lines: &'b mut Vec<RawLine>,
}

impl Voice<'_, '_> {
    fn record(&mut self) {
        match self.scene.spec.program {
            Program::Pino | Program::Winston | Program::Node | Program::Nest => self.node(),
            Program::Next => self.next_js(),
            Program::Python => self.python(),
            Program::Go => self.go(),
            Program::Spring => self.spring(),
            Program::Nginx | Program::Kong => self.nginx(),
            Program::Postgres => self.postgres(),
            Program::Redis => self.redis(),
            Program::Mongo => self.mongo(),
            Program::Kafka => self.kafka(),
            Program::OpenSearch => self.opensearch(),
            Program::Mailhog => self.mailhog(),
            Program::Prometheus | Program::Grafana => self.metrics(),
            Program::Task => self.task(),
        }
    }

    fn say(&mut self, text: impl Into<String>) {
        self.lines.push(RawLine { at: self.at, stderr: false, text: text.into() });
        // Lines of one record follow each other at once, and in order.
        self.at += 40;
    }

    fn cry(&mut self, text: impl Into<String>) {
        self.lines.push(RawLine { at: self.at, stderr: true, text: text.into() });
        self.at += 40;
    }

    fn time(&self) -> Timestamp {
        self.scene.time(self.at)
    }

    /// `2026-11-20T12:03:21.113Z`.
    fn iso(&self) -> String {
        format!("{:.3}", self.time())
    }

    /// Milliseconds this request took.
    fn took(&mut self) -> u64 {
        let typical = load::latency(self.load, self.broken.is_some());
        (typical * (0.4 + 1.4 * share(self.rng.next()))) as u64
    }

    /// What an HTTP service is about: `order` for `order-service`.
    fn stem(&self) -> &str {
        match &*self.scene.spec.name {
            "api-gateway" => "transactions",
            "api" => "payments",
            name => name.split_once('-').map_or(name, |(stem, _)| stem),
        }
    }

    /// What a service whose own check fails complains about.
    fn complaint(&self) -> Option<String> {
        let Scene { world, unit, spec, .. } = self.scene;
        let output = world.failure(spec, unit, self.run, self.at / 1_000)?;
        // The words of the innermost error, where the check prints JSON.
        let words = output.rsplit_once("error\":\"").map_or(&*output, |(_, rest)| rest);
        Some(words.split('"').next().unwrap_or(words).to_owned())
    }

    /// The share of its limit a leaking run has used up, when that is nearly all of it.
    fn short_of_memory(&self) -> Option<f64> {
        load::leaked(self.scene.unit, self.run, self.at / 1_000).filter(|share| *share > 0.7)
    }
}
