//! Figures out of the fleet: what each service's metrics are now.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::columns::Columns;
use super::metric::{Known, Metric, Of, Unit};
use crate::fleet::{Fleet, Health, HostUsage, Latency, Link, Minutes, Quantiles, ServiceId, Summary};

/// Services, and their columns; and the host's one row.
#[derive(Debug, Default)]
pub(super) struct Readings {
    /// Services that count, in the order of the rows.
    pub(super) services: Vec<ServiceId>,
    /// By metric (all metrics of all rules), of services; the host's repeated for each.
    pub(super) of_services: Columns,
    /// The same of the host: one row.
    pub(super) of_host: Columns,
}

/// What makes a figure: some are asked for once and used for several.
#[derive(Clone, Copy, Debug, Default)]
struct Needs {
    summary: bool,
    latency: Option<Minutes>,
    availability: bool,
}

impl Needs {
    fn of(metrics: &[Metric]) -> Self {
        let mut needs = Self::default();
        for metric in metrics {
            let Metric::Known(known, _) = metric else { continue };
            match known {
                Known::P50 | Known::P95 | Known::P99 | Known::ErrorRate => {
                    needs.latency = Some(Minutes::Five);
                }
                Known::Availability => needs.availability = true,
                Known::RequestRate | Known::Restarts | Known::CertificateExpiry => {}
                _ if known.of() == Of::Service => needs.summary = true,
                _ => {}
            }
        }
        needs
    }
}

impl Readings {
    /// Read everything anew, in the columns that are there.
    pub(super) fn read(&mut self, fleet: &Fleet, metrics: &[Metric], now: Timestamp) {
        let live = !matches!(fleet.link(), Some(Link::Lost { .. }));
        for columns in [&mut self.of_services, &mut self.of_host] {
            columns.figures.resize_with(metrics.len(), Vec::new);
            columns.figures.iter_mut().for_each(Vec::clear);
        }
        self.services.clear();
        let host = fleet.host().filter(|_| live);
        for (column, metric) in self.of_host.figures.iter_mut().zip(metrics) {
            column.push(of_host(metric, host, fleet));
        }
        self.of_host.rows = 1;
        let needs = Needs::of(metrics);
        for service in fleet.services() {
            let id = &service.id;
            let summary = fleet.summary(id, now);
            // What has only jobs beside it is no service.
            if summary.as_ref().is_none_or(|it| it.total == 0 && it.desired.is_none()) {
                continue;
            }
            self.services.push(id.clone());
            let row = Row {
                fleet,
                id,
                now,
                host: fleet.host(),
                summary: summary.filter(|_| live && needs.summary),
                latency: needs.latency.and_then(|window| fleet.latency(id, window, now)),
                availability: needs.availability.then(|| fleet.latency(id, Minutes::Fifteen, now)).flatten(),
                live,
            };
            for (place, metric) in metrics.iter().enumerate() {
                let figure = if metric.of() == Of::Host {
                    self.of_host.get(place, 0)
                } else {
                    row.figure(metric).unwrap_or(f64::NAN)
                };
                if let Some(column) = self.of_services.figures.get_mut(place) {
                    column.push(figure);
                }
            }
        }
        self.of_services.rows = self.services.len();
    }
}

/// One service.
struct Row<'a> {
    fleet: &'a Fleet,
    id: &'a ServiceId,
    now: Timestamp,
    host: Option<&'a HostUsage>,
    summary: Option<Summary>,
    latency: Option<Latency>,
    availability: Option<Latency>,
    live: bool,
}

impl Row<'_> {
    fn figure(&self, metric: &Metric) -> Option<f64> {
        let Metric::Known(known, window) = metric else {
            return self.fleet.measured(self.id, metric.name(), self.now);
        };
        let measured = || self.fleet.measured(self.id, known.name(), self.now);
        let seconds = |of: fn(&Quantiles) -> Duration| {
            measured().or_else(|| Some(of(self.latency.as_ref()?.took.as_ref()?).as_secs_f64()))
        };
        match known {
            Known::ErrorRate => measured().or_else(|| self.latency.as_ref().map(|it| it.error_rate)),
            Known::RequestRate => measured(),
            Known::P50 => seconds(|it| it.p50),
            Known::P95 => seconds(|it| it.p95),
            Known::P99 => seconds(|it| it.p99),
            Known::Availability => {
                measured().or_else(|| self.availability.as_ref().map(|it| 1.0 - it.error_rate))
            }
            Known::Restarts => {
                let since = self.now.checked_sub(SignedDuration::from_secs(i64::from(*window))).ok()?;
                self.live.then(|| self.fleet.unplanned_ends(self.id, since)).map(f64::from)
            }
            Known::CertificateExpiry => {
                let expiry = self.fleet.probes(self.id).filter_map(|probe| probe.last().certificate).min()?;
                Some(expiry.duration_since(self.now).as_secs_f64())
            }
            _ => of_summary(*known, self.summary.as_ref()?, self.host),
        }
    }
}

fn of_summary(known: Known, it: &Summary, host: Option<&HostUsage>) -> Option<f64> {
    let health = it.health.health;
    let truth = |yes: bool| Some(f64::from(u8::from(yes)));
    let cpu = it.usage.cpu.map(f64::from);
    let memory = it.usage.memory.map(|bytes| bytes as f64);
    let limit = it.limits.memory.map(|bytes| bytes as f64);
    let share = |of: Option<f64>, all: Option<f64>| Some(of? / all.filter(|all| *all > 0.0)?);
    match known {
        Known::HealthCheckFailed => truth(health.is_broken()),
        Known::Down => truth(health == Health::Down),
        Known::Unhealthy => truth(health == Health::Unhealthy),
        Known::Degraded => truth(health == Health::Degraded),
        Known::Cpu => share(cpu, it.limits.cpus.or_else(|| host?.cores.map(f64::from))),
        Known::CpuOfLimit => share(cpu, it.limits.cpus),
        Known::CpuCores => cpu,
        Known::Memory => share(memory, limit.or_else(|| Some(host?.memory_total? as f64))),
        Known::MemoryOfLimit => share(memory, limit),
        Known::MemoryBytes => memory,
        Known::MemoryLimit => limit,
        Known::NetReceived => it.usage.net_rx.map(f64::from),
        Known::NetSent => it.usage.net_tx.map(f64::from),
        Known::DiskRead => it.usage.block_read.map(f64::from),
        Known::DiskWritten => it.usage.block_write.map(f64::from),
        Known::Pids => it.usage.pids.map(f64::from),
        // A service that is stopped on purpose misses none of its replicas.
        Known::Replicas if health == Health::Stopped && it.desired.is_none() => Some(f64::from(it.total)),
        Known::Replicas => Some(f64::from(it.up)),
        Known::Desired => Some(f64::from(it.desired.unwrap_or(it.total))),
        _ => None,
    }
}

fn of_host(metric: &Metric, host: Option<&HostUsage>, fleet: &Fleet) -> f64 {
    let Metric::Known(known, _) = metric else { return f64::NAN };
    let figure = match known {
        Known::EngineLost => match fleet.link() {
            Some(Link::Live) => Some(0.0),
            Some(Link::Lost { .. }) => Some(1.0),
            None => None,
        },
        Known::HostCpu => host.and_then(|it| it.cpu.map(f64::from)),
        Known::HostMemory => host.and_then(HostUsage::memory_share),
        Known::HostSwap => host.and_then(HostUsage::swap_share),
        Known::LoadPerCore => host.and_then(HostUsage::load_per_core),
        Known::PressureCpu => host.and_then(|it| it.pressure.cpu.map(f64::from)),
        Known::PressureMemory => host.and_then(|it| it.pressure.memory.map(f64::from)),
        Known::PressureIo => host.and_then(|it| it.pressure.io.map(f64::from)),
        Known::Inodes => host.and_then(HostUsage::inode_share),
        Known::Load => host.and_then(|it| it.load1.map(f64::from)),
        Known::Disk => host.and_then(HostUsage::disk_share),
        Known::DiskUsed => host.and_then(|it| it.disk.map(|bytes| bytes as f64)),
        Known::DiskFree => host.and_then(|it| Some(it.disk_total?.saturating_sub(it.disk?) as f64)),
        _ => None,
    };
    figure.unwrap_or(f64::NAN)
}

/// What a condition's figures are, for a sentence: `error_rate 8.2%, request_rate 12`. What is yes
/// or no is told by the service's own verdict: `down: exit 1`.
pub(super) fn words(
    metrics: &[Metric],
    figure: impl Fn(usize) -> f64,
    service: Option<&ServiceId>,
    fleet: &Fleet,
    now: Timestamp,
) -> Arc<str> {
    let mut words: Vec<String> = Vec::new();
    for (place, metric) in metrics.iter().enumerate() {
        let value = figure(place);
        if value.is_nan() {
            continue;
        }
        let word = match metric.unit() {
            Some(Unit::Truth) if value == 0.0 => continue,
            Some(Unit::Truth) => match service {
                Some(service) => verdict(fleet, service, now),
                None => lost(fleet, metric),
            },
            Some(unit) => format!("{} {}", metric.name(), unit.show(value)),
            None => format!("{} {}", metric.name(), Unit::Number.show(value)),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ").into()
}

fn verdict(fleet: &Fleet, service: &ServiceId, now: Timestamp) -> String {
    let Some(summary) = fleet.summary(service, now) else { return String::new() };
    let since = summary.health;
    if since.why.is_empty() {
        since.health.word().into()
    } else {
        format!("{}: {}", since.health.word(), since.why)
    }
}

fn lost(fleet: &Fleet, metric: &Metric) -> String {
    match fleet.link() {
        Some(Link::Lost { why, .. }) => why.clone(),
        _ => metric.name().to_owned(),
    }
}
