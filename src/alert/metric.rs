//! What a condition may speak of: the table of metrics, and units.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::text::human;

/// What a number measures; comparing one with another is a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// How many.
    Number,
    /// A share of 1, written with `%`.
    Share,
    /// Seconds, written with `ms`, `s`, `m`, `h`, `d`.
    Time,
    /// Bytes, written with `KiB`, `MB` and the like.
    Bytes,
    /// Yes or no: stands for itself, without comparison.
    Truth,
}

impl Unit {
    /// The word for it in a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Share => "a share in %",
            Self::Time => "a time",
            Self::Bytes => "a size in bytes",
            Self::Truth => "yes or no",
        }
    }

    /// A value as a person reads it: `8.2%`, `1.2s`, `512MiB`, `3`.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Share => format!("{}%", plain(value * 100.0)),
            Self::Time => time(value),
            Self::Bytes if value >= 0.0 => human::bytes_long(value as u64),
            Self::Truth => if value == 0.0 { "no" } else { "yes" }.to_owned(),
            Self::Bytes | Self::Number => plain(value),
        }
    }
}

/// Three significant figures, without idle zeros.
fn plain(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 || v == 0.0 => 2,
        v if v >= 0.000_1 => 4,
        _ => 6,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn time(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    match seconds.abs() {
        v if v < 0.9995 => format!("{sign}{}ms", plain(v * 1000.0)),
        v if v < 60.0 => format!("{sign}{}s", plain(v)),
        v if v < 3.0e9 => format!("{sign}{}", human::duration(Duration::from_secs_f64(v.round()))),
        _ => "for ever".to_owned(),
    }
}

macro_rules! metrics {
    ($($(#[$($attribute:tt)*])* $variant:ident $name:literal $unit:ident $of:ident $doc:literal;)*) => {
        /// A metric qd knows by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Known {
            $(#[doc = $doc] $variant,)*
        }

        /// All of them, in the order of the documentation.
        pub const METRICS: &[Known] = &[$(Known::$variant,)*];

        impl Known {
            /// As conditions spell it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it measures.
            pub fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit,)* }
            }

            /// Whether it is of a service or of the whole machine.
            pub fn of(self) -> Of {
                match self { $(Self::$variant => Of::$of,)* }
            }

            /// What it is, in one sentence.
            pub fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

/// What a metric is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// Each service has its own.
    Service,
    /// The engine and its machine.
    Host,
}

metrics! {
    HealthCheckFailed "health_check_failed" Truth Service
        "Unhealthy or down: by the engine, the HEALTHCHECK, or a liveness probe.";
    Down "down" Truth Service "Does not run, though it should.";
    Unhealthy "unhealthy" Truth Service "Runs, and fails its check.";
    Degraded "degraded" Truth Service "Some replicas work and some do not, or it says that it is not ready.";
    ErrorRate "error_rate" Share Service "Share of requests that fail: measured, else of probes over 5 min.";
    RequestRate "request_rate" Number Service "Requests per second, as measured.";
    P50 "p50_response_time" Time Service "Half of all answers are faster: measured, else of probes over 5 min.";
    P95 "p95_response_time" Time Service "95 % of all answers are faster.";
    P99 "p99_response_time" Time Service "99 % of all answers are faster.";
    Availability "availability" Share Service "Share of requests that succeed: measured, else of probes over 15 min.";
    Cpu "cpu" Share Service "CPU of its limit; without one, of all cores of the machine.";
    CpuCores "cpu_cores" Number Service "CPU in cores.";
    Memory "memory" Share Service
        "Memory of its limit; without one, of the machine's. Compared with bytes: in bytes.";
    MemoryBytes "memory_bytes" Bytes Service "Memory in bytes.";
    MemoryLimit "memory_limit" Bytes Service "Its memory limit; none without one.";
    MemoryOfLimit "memory_of_limit" Share Service "Memory of its limit; none without one.";
    CpuOfLimit "cpu_of_limit" Share Service "CPU of its limit; none without one.";
    NetReceived "net_received" Bytes Service "Bytes received per second.";
    NetSent "net_sent" Bytes Service "Bytes sent per second.";
    DiskRead "disk_read" Bytes Service "Bytes read from disks per second.";
    DiskWritten "disk_written" Bytes Service "Bytes written to disks per second.";
    Pids "pids" Number Service "Processes and threads.";
    Restarts "restarts" Number Service "Unplanned ends within the rule's `within`.";
    Replicas "replicas" Number Service "Replicas that work.";
    Desired "desired" Number Service "Replicas there should be: `replicas < desired`.";
    CertificateExpiry "certificate_expiry" Time Service
        "Time left until the first of the certificates its probes saw expires.";
    HostCpu "host_cpu" Share Host "CPU of the machine.";
    HostMemory "host_memory" Share Host "Memory of the machine.";
    HostSwap "host_swap" Share Host "Swap in use; none where the machine has no swap.";
    Load "load" Number Host "Load average over a minute.";
    LoadPerCore "load_per_core" Number Host "The same for each core.";
    PressureCpu "pressure_cpu" Share Host
        "Share of the last 10 s in which something waited for a CPU; none where the kernel does not tell.";
    PressureMemory "pressure_memory" Share Host "The same of memory.";
    PressureIo "pressure_io" Share Host "The same of disks.";
    Disk "disk" Share Host "The disk with the engine's data. Compared with bytes: what is used of it.";
    DiskUsed "disk_used" Bytes Host "Bytes used on that disk.";
    DiskFree "disk_free" Bytes Host "Bytes left on that disk.";
    Inodes "inodes" Share Host "Inodes in use on that disk; none where they are not counted.";
    EngineLost "engine_lost" Truth Host "The engine can't be reached.";
}

impl Known {
    /// The metric of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        METRICS.iter().copied().find(|known| known.name() == name)
    }

    /// The same in bytes, where it is a share of something.
    pub(super) fn in_bytes(self) -> Option<Self> {
        match self {
            Self::Memory => Some(Self::MemoryBytes),
            Self::Disk => Some(Self::DiskUsed),
            _ => None,
        }
    }

    /// Whether it depends on the rule's `within`.
    fn is_windowed(self) -> bool {
        self == Self::Restarts
    }
}

/// One figure a condition needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// One that qd knows; with the window, in seconds, of those that look back (0 of others).
    Known(Known, u32),
    /// One that a scrape or a command measures, by its own name.
    Measured(Arc<str>),
}

impl Metric {
    pub(super) fn known(known: Known, within: Duration) -> Self {
        let window = if known.is_windowed() { within.as_secs() } else { 0 };
        Self::Known(known, u32::try_from(window).unwrap_or(u32::MAX))
    }

    /// As conditions spell it.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(known, _) => known.name(),
            Self::Measured(name) => name,
        }
    }

    /// What it measures; of those that others measure nobody knows.
    pub fn unit(&self) -> Option<Unit> {
        match self {
            Self::Known(known, _) => Some(known.unit()),
            Self::Measured(_) => None,
        }
    }

    /// What it is about.
    pub fn of(&self) -> Of {
        match self {
            Self::Known(known, _) => known.of(),
            Self::Measured(_) => Of::Service,
        }
    }
}

/// A unit behind a number: what it measures, and how many of the base unit it is.
pub(super) fn suffix(text: &str) -> Option<(Unit, f64)> {
    let (unit, factor) = match text {
        "%" => (Unit::Share, 0.01),
        "us" | "µs" => (Unit::Time, 1e-6),
        "ms" => (Unit::Time, 1e-3),
        "s" => (Unit::Time, 1.0),
        "m" | "min" => (Unit::Time, 60.0),
        "h" => (Unit::Time, 3600.0),
        "d" => (Unit::Time, 86_400.0),
        "B" => (Unit::Bytes, 1.0),
        "KiB" | "K" | "k" | "Ki" => (Unit::Bytes, 1024.0),
        "MiB" | "M" | "Mi" => (Unit::Bytes, 1_048_576.0),
        "GiB" | "G" | "Gi" => (Unit::Bytes, 1_073_741_824.0),
        "TiB" | "T" | "Ti" => (Unit::Bytes, 1_099_511_627_776.0),
        "kB" | "KB" => (Unit::Bytes, 1e3),
        "MB" => (Unit::Bytes, 1e6),
        "GB" => (Unit::Bytes, 1e9),
        "TB" => (Unit::Bytes, 1e12),
        _ => return None,
    };
    Some((unit, factor))
}

/// What the units are called in a remedy.
pub(super) const UNITS: &str = "%, ms, s, m, h, d, B, KiB, MiB, GiB, kB, MB, GB";

/// The table of metrics as Markdown, for the README.
pub fn metrics_markdown() -> String {
    let mut out = String::from("| metric | of | unit | what it is |\n|---|---|---|---|\n");
    for known in METRICS {
        let of = match known.of() {
            Of::Service => "service",
            Of::Host => "host",
        };
        // Writing to a String can't fail.
        let _ = writeln!(out, "| `{}` | {of} | {} | {} |", known.name(), known.unit().word(), known.doc());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_their_unit() {
        for (unit, value, shown) in [
            (Unit::Share, 0.0821, "8.21%"),
            (Unit::Share, 0.0, "0%"),
            (Unit::Share, 0.000_12, "0.012%"),
            (Unit::Share, 1.0, "100%"),
            (Unit::Time, 0.2, "200ms"),
            (Unit::Time, 1.25, "1.25s"),
            (Unit::Time, 13.0 * 86_400.0, "13 d"),
            (Unit::Time, -90.0, "-1 min 30 s"),
            (Unit::Time, f64::INFINITY, "for ever"),
            (Unit::Bytes, 512.0 * 1024.0 * 1024.0, "512MiB"),
            (Unit::Number, 3.0, "3"),
            (Unit::Number, 1234.4, "1234"),
            (Unit::Truth, 1.0, "yes"),
        ] {
            assert_eq!(unit.show(value), shown, "{unit:?} {value}");
        }
    }

    #[test]
    fn every_metric_is_found_by_its_name_and_has_a_sentence() {
        for known in METRICS {
            assert_eq!(Known::from_name(known.name()), Some(*known));
            assert!(known.doc().ends_with('.'), "{}", known.name());
            assert!(suffix(known.name()).is_none(), "{} is a unit too", known.name());
        }
    }
}
