//! A post-mortem as it is read: cause first, then what points to it, then all the rest. One page for
//! the screen, the terminal and Markdown. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::facts::{facts, span};
use super::{Cause, Machine, Record, Sample, signal};
use crate::text::human;

/// How something is to be taken; colours go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something is wrong.
    Bad,
    /// Look at it.
    Warn,
    /// Well.
    Good,
    /// Neither.
    Plain,
    /// Beside the point.
    Quiet,
}

/// One entry of a page. All text in it is sanitised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A heading.
    Head(String),
    /// A sentence.
    Say(Tone, String),
    /// A name and what it is.
    Pair(&'static str, Tone, String),
    /// What happened when.
    Moment(String, Tone, String),
    /// A line of a log: its time (empty: none) and its text.
    Log(String, Tone, String),
}

/// A post-mortem to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `Post-mortem 12 of shop/api`.
    pub title: String,
    /// The cause, one sentence.
    pub cause: String,
    /// How bad that is: what was wanted is no crash.
    pub tone: Tone,
    /// Everything else.
    pub rows: Vec<Row>,
}

impl Page {
    /// The page of a record; `id` is its number in the journal, where it is kept.
    pub fn of(it: &Record, id: Option<i64>, utc: bool, now: Timestamp) -> Self {
        let cause = Cause::of(it);
        let tone = if cause.kind.is_wanted() { Tone::Warn } else { Tone::Bad };
        let title = match id {
            Some(id) => format!("Post-mortem {id} of {}", it.of.service),
            None => format!("Post-mortem of {}", it.of.service),
        };
        let zone = if utc { TimeZone::UTC } else { TimeZone::system() };
        let mut page = Self { title, cause: cause.sentence(), tone, rows: Vec::new() };
        Builder { it, now, zone, rows: &mut page.rows }.build(&cause);
        page
    }
}

struct Builder<'a> {
    it: &'a Record,
    now: Timestamp,
    zone: TimeZone,
    rows: &'a mut Vec<Row>,
}

impl Builder<'_> {
    fn build(mut self, cause: &Cause) {
        let facts = facts(self.it);
        if !facts.is_empty() {
            self.head("What points to it");
            self.rows.extend(facts.into_iter().map(|fact| Row::Say(Tone::Warn, fact)));
        }
        self.death(cause);
        self.changes();
        self.usage();
        self.health();
        self.incidents();
        self.before();
        self.log();
        if !self.it.unknown.is_empty() {
            self.head("What is not known");
            let unknown = self.it.unknown.iter().map(|what| Row::Say(Tone::Quiet, what.clone()));
            self.rows.extend(unknown);
        }
    }

    fn head(&mut self, title: &str) {
        self.rows.push(Row::Head(title.to_owned()));
    }

    fn pair(&mut self, name: &'static str, tone: Tone, value: impl Into<String>) {
        self.rows.push(Row::Pair(name, tone, value.into()));
    }

    fn time(&self, at: Timestamp) -> String {
        let (at, end) = (at.to_zoned(self.zone.clone()), self.it.at.to_zoned(self.zone.clone()));
        let format = if at.date() == end.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        at.strftime(format).to_string()
    }

    fn death(&mut self, cause: &Cause) {
        let it = self.it;
        self.head("The death");
        let when = it.at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z");
        self.pair("when", Tone::Plain, format!("{when}, {} ago", human::age_at(it.at, self.now)));
        self.pair("replica", Tone::Plain, format!("{} ({})", it.of.replica, short(&it.of.id)));
        let image = match (it.of.image.is_empty(), short(it.of.image_id.trim_start_matches("sha256:"))) {
            (true, id) => id.to_owned(),
            (false, "") => it.of.image.clone(),
            (false, id) => format!("{} ({id})", it.of.image),
        };
        self.pair("image", Tone::Plain, image);
        if let Some(ran) = it.ran() {
            self.pair("had run for", Tone::Plain, span(ran));
        }
        match it.exit {
            Some(code) => {
                let named = signal::of_exit(code)
                    .map(|number| format!(" = 128 + {number}, {}", signal::of_number(number)))
                    .unwrap_or_default();
                let tone = if code == 0 { Tone::Plain } else { Tone::Bad };
                self.pair("exit code", tone, format!("{code}{named}"));
            }
            None => self.pair("exit code", Tone::Quiet, "not known"),
        }
        let (tone, oom) = if it.oom {
            (Tone::Bad, "yes, the engine says so")
        } else {
            (Tone::Plain, "no, as the engine says")
        };
        self.pair("out of memory", tone, oom);
        let limit = it.limit.map_or_else(|| "none".to_owned(), human::bytes_long);
        self.pair("memory limit", Tone::Plain, limit);
        for asked in &it.signals {
            let words =
                format!("{} through the engine, {}", signal::name(&asked.signal), self.time(asked.at));
            self.pair("signal", Tone::Plain, words);
        }
        if let Some(error) = &it.error {
            self.pair("engine", Tone::Bad, error.clone());
        }
        let policy = if it.policy.is_empty() { "not known" } else { &it.policy };
        let restarts = match it.restarts {
            None => String::new(),
            Some(0) => ", not restarted".to_owned(),
            Some(1) => ", restarted once by the engine".to_owned(),
            Some(n) => format!(", restarted {n} times by the engine"),
        };
        self.pair("restart policy", Tone::Plain, format!("{policy}{restarts}"));
        if it.times > 1 && cause.crash_loop.is_none() {
            self.pair("deaths", Tone::Bad, format!("{} since {}", it.times, self.time(it.first)));
        }
        if it.times > 1 && !it.ends.is_empty() {
            let last = it.ends.get(it.ends.len().saturating_sub(8)..).unwrap_or_default();
            let more = if it.ends.len() > last.len() { "…, " } else { "" };
            let times: Vec<String> = last.iter().map(|end| self.time(*end)).collect();
            self.pair("died at", Tone::Plain, format!("{more}{}", times.join(", ")));
        }
        if let Some(hash) = &it.of.config_hash {
            self.pair("config hash", Tone::Quiet, short(hash).to_owned());
        }
    }

    fn changes(&mut self) {
        self.head("What changed in the hour before");
        if self.it.changes.is_empty() {
            self.rows.push(Row::Say(Tone::Quiet, "nothing that quarterdeck knows of".into()));
        }
        for change in &self.it.changes {
            let by = if change.by.is_empty() { String::new() } else { format!(" ({})", change.by) };
            let row = Row::Moment(self.time(change.at), Tone::Warn, format!("{}{by}", change.what));
            self.rows.push(row);
        }
    }

    fn usage(&mut self) {
        let it = self.it;
        self.head("Usage in the five minutes before");
        if it.usage.is_empty() {
            self.rows.push(Row::Say(
                Tone::Quiet,
                "not known: quarterdeck did not look on, or it ran too short".into(),
            ));
        }
        let bytes = |n: f32| human::bytes_long(n.max(0.0) as u64);
        let limit = it.limit.map(|limit| format!(" of {}", human::bytes_long(limit))).unwrap_or_default();
        let figures: [(&'static str, fn(&Sample) -> Option<f32>, &dyn Fn(f32) -> String, &str); 5] = [
            ("memory", |s| s.memory, &bytes, &limit),
            ("cpu", |s| s.cpu, &|n| format!("{n:.2} cores"), ""),
            ("processes", |s| s.pids, &|n| format!("{n:.0}"), ""),
            ("received", |s| s.net_rx, &human::rate, ""),
            ("sent", |s| s.net_tx, &human::rate, ""),
        ];
        for (name, get, show, of) in figures {
            let values: Vec<f32> = it.usage.iter().filter_map(get).collect();
            let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
            let most = values.iter().copied().fold(f32::MIN, f32::max);
            let words =
                format!("{} at first, {} at most, {} at last{of}", show(*first), show(most), show(*last));
            self.pair(name, Tone::Plain, words);
        }
        match &it.machine {
            Some(machine) => {
                let words = of_machine(machine);
                self.pair("machine", Tone::Plain, words);
            }
            None => self.pair("machine", Tone::Quiet, "not known"),
        }
    }

    fn health(&mut self) {
        let it = self.it;
        if it.check.is_none() && it.probes.is_empty() {
            return;
        }
        self.head("Its health before");
        for probe in &it.probes {
            let tone = if probe.standing == "failing" { Tone::Bad } else { Tone::Plain };
            let why = if probe.why.is_empty() { String::new() } else { format!(": {}", probe.why) };
            self.rows.push(Row::Moment(
                self.time(probe.at),
                tone,
                format!("probe {} {}{why}", probe.probe, probe.standing),
            ));
        }
        let Some(check) = &it.check else { return };
        self.pair("check", Tone::Plain, check.test.clone());
        for result in check.results.iter().rev() {
            let (tone, word) = match result.exit {
                0 => (Tone::Good, "passed".to_owned()),
                -1 => (Tone::Bad, "no result".to_owned()),
                code => (Tone::Bad, format!("exit {code}")),
            };
            self.rows.push(Row::Moment(self.time(result.at), tone, word));
            for line in result.output.lines().filter(|line| !line.trim().is_empty()) {
                self.rows.push(Row::Log(String::new(), Tone::Plain, line.to_owned()));
            }
        }
    }

    fn incidents(&mut self) {
        if self.it.incidents.is_empty() {
            return;
        }
        self.head("Incidents");
        for note in &self.it.incidents {
            let number = note.id.map(|id| format!("#{id} ")).unwrap_or_default();
            self.rows.push(Row::Moment(self.time(note.at), Tone::Warn, format!("{number}{}", note.what)));
        }
    }

    fn before(&mut self) {
        if self.it.before.is_empty() {
            return;
        }
        self.head("The hour before");
        for moment in &self.it.before {
            let by = if moment.by.is_empty() { String::new() } else { format!(" ({})", moment.by) };
            self.rows.push(Row::Moment(self.time(moment.at), Tone::Plain, format!("{}{by}", moment.what)));
        }
    }

    fn log(&mut self) {
        let it = self.it;
        self.head(&match it.log.len() {
            0 => "Its log".to_owned(),
            1 => "The last line of its log".to_owned(),
            n => format!("The last {n} lines of its log"),
        });
        if it.log.is_empty() {
            self.rows.push(Row::Say(Tone::Quiet, "there is none".into()));
        }
        if it.log_cut > 0 {
            let words = format!("{} older lines were left out: they are too long", it.log_cut);
            self.rows.push(Row::Say(Tone::Quiet, words));
        }
        for line in &it.log {
            let tone = match line.level.as_str() {
                "error" | "fatal" => Tone::Bad,
                "warn" => Tone::Warn,
                _ => Tone::Plain,
            };
            let at = line.at.map(|at| self.time(at)).unwrap_or_default();
            self.rows.push(Row::Log(at, tone, line.text.clone()));
        }
    }
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// `load 1.2 on 4 cores, 3.1G of 8.0G memory, disk 71%`.
fn of_machine(machine: &Machine) -> String {
    let mut words = Vec::new();
    if let Some(cpu) = machine.cpu {
        words.push(format!("cpu {}", human::percent(cpu)));
    }
    match (machine.load, machine.cores) {
        (Some(load), Some(cores)) => words.push(format!("load {load:.1} on {cores} cores")),
        (Some(load), None) => words.push(format!("load {load:.1}")),
        _ => {}
    }
    if let (Some(used), Some(all)) = (machine.memory, machine.memory_total) {
        words.push(format!("memory {} of {}", human::bytes(used), human::bytes(all)));
    }
    if let (Some(used), Some(all)) = (machine.disk, machine.disk_total)
        && all > 0
    {
        words.push(format!("disk {}", human::percent(used as f32 / all as f32)));
    }
    if words.is_empty() { "not known".into() } else { words.join(", ") }
}
