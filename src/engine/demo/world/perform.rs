//! The verbs: what the engine answers, how long it takes, and what then happens.

use std::collections::HashMap;

use jiff::Timestamp;

use super::life::{Then, What};
use super::{World, gone};
use crate::engine::demo::platform::Spec;
use crate::engine::demo::random::hash;
use crate::engine::{Act, Done, EngineError, Step};
use crate::fleet::{EventKind, Exit, State, Verb};

/// What asking for a step leads to: an answer, and when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// When the engine answers; by then, advancing the world has done the step.
    pub ready: Timestamp,
    /// The answer.
    pub result: Result<Done, EngineError>,
}

/// The grace of a stop when nobody says another, seconds.
const GRACE: u32 = 10;

/// Whether a signal ends whatever gets it.
fn kills(signal: &str) -> bool {
    matches!(signal, "SIGKILL" | "KILL" | "9")
}

/// An answer in so many milliseconds.
pub(super) type Answer = (i64, Result<Done, EngineError>);

impl World {
    /// Ask for a step at `now`. The world lives on until then first.
    pub fn perform(&mut self, step: &Step, now: Timestamp) -> Performed {
        let to = self.millis(now);
        self.live_until(to);
        self.give_way(step);
        let (takes, result) = match step {
            Step::Act(act) => match self.slot(&act.replica) {
                Some(slot) => self.act(slot, act),
                None => (15, Err(gone(&act.replica))),
            },
            Step::Pull { reference } => self.pull(reference),
            Step::Create(create) => self.create(create),
            Step::Rename { replica, from, to } => self.rename(replica, from, to),
            Step::Policy { replica, from, to } => self.policy(replica, from, to),
            Step::Limit { replica, from, to } => self.limit(replica, *from, *to),
            Step::Discard { name, made } => self.discard(name, made.as_ref()),
            Step::Steer { service, from, to } => self.steer(service, from, to),
        };
        Performed { ready: self.stamp(self.now + takes), result }
    }

    fn act(&mut self, slot: usize, step: &Act) -> Answer {
        let state = self.units[slot].replica.state;
        let name = self.units[slot].replica.name.clone();
        let refuse = |why: String| (20, Err(EngineError::Conflict { why }));
        match (step.verb, state) {
            (Verb::Start, State::Running | State::Restarting)
            | (Verb::Stop, State::Created | State::Exited | State::Dead | State::Removing)
            | (Verb::Pause, State::Paused)
            | (Verb::Unpause, State::Running | State::Restarting | State::Created | State::Exited) => {
                (15, Ok(Done::Unchanged))
            }
            (Verb::Start, State::Paused) => {
                refuse("cannot start a paused container, try unpause instead".into())
            }
            (Verb::Start | Verb::Restart, State::Dead | State::Removing) => {
                refuse("container is marked for removal and cannot be started".into())
            }
            (Verb::Start, State::Created | State::Exited) => self.start(slot, false),
            (Verb::Restart, State::Created | State::Exited | State::Restarting) => self.start(slot, true),
            (Verb::Stop, State::Restarting) => {
                self.give_up_restarting(slot);
                (60, Ok(Done::Changed))
            }
            (Verb::Stop, _) => self.stop(slot, step.timeout, Then::Stopped),
            (Verb::Restart, _) => self.stop(slot, step.timeout, Then::Start),
            (Verb::Pause, State::Running) => self.soon(slot, 60, What::Freeze),
            (Verb::Pause, State::Restarting) => {
                refuse(format!("container {name} is restarting, wait until the container is running"))
            }
            (Verb::Unpause, State::Paused) => self.soon(slot, 60, What::Thaw),
            (Verb::Unpause, _) => refuse(format!("container {name} is not paused")),
            (Verb::Kill, State::Running | State::Paused) => self.kill(slot, step.signal.as_deref()),
            (Verb::Kill, State::Created | State::Exited) if step.signal.as_deref().is_none_or(kills) => {
                (15, Ok(Done::Unchanged))
            }
            (Verb::Pause | Verb::Kill, _) => refuse(format!("container {name} is not running")),
            (Verb::Remove, State::Running | State::Paused | State::Restarting) if !step.force => {
                let advice = "stop the container before removing or force remove";
                refuse(format!(
                    "cannot remove container \"/{name}\": container is {}: {advice}",
                    state.word()
                ))
            }
            // Whoever asks again waits for the same end.
            (Verb::Remove, State::Removing) => (150, Ok(Done::Changed)),
            (Verb::Remove, _) => self.remove_by_force(slot),
        }
    }

    /// Plan something for a few milliseconds from now; when it has happened, the engine answers.
    pub(super) fn soon(&mut self, slot: usize, takes: i64, what: What) -> Answer {
        let epoch = self.forget_plans(slot);
        self.plan(self.now + takes, slot, epoch, what);
        (takes, Ok(Done::Changed))
    }

    /// What was to become of it is no longer so.
    pub(super) fn forget_plans(&mut self, slot: usize) -> u32 {
        let unit = &mut self.units[slot];
        unit.epoch += 1;
        unit.epoch
    }

    pub(super) fn start(&mut self, slot: usize, restarted: bool) -> Answer {
        let takes = 240 + (hash(self.units[slot].seed, self.now) % 200).cast_signed();
        if let Some(port) = self.taken_port(slot) {
            let why = self.fail_to_start(slot, port);
            return (takes / 2, Err(EngineError::Failed { status: 500, why }));
        }
        // Whoever starts it by hand does not wait for the back-off of earlier ends.
        self.units[slot].quick_ends = 0;
        self.soon(slot, takes, What::Up { restarted })
    }

    /// Ask it to end; it takes its time, or is killed when its grace is over.
    pub(super) fn stop(&mut self, slot: usize, timeout: Option<u32>, then: Then) -> Answer {
        let unit = &self.units[slot];
        let profile = self.specs[unit.spec].program.profile();
        let grace = i64::from(timeout.unwrap_or(GRACE)) * 1_000;
        let wanted = profile.stop_ms + (hash(unit.seed, self.now) % 500).cast_signed();
        // What is frozen can't hear a signal.
        let deaf = unit.replica.state == State::Paused;
        let (takes, code) =
            if deaf || wanted > grace { (grace.max(10), 137) } else { (wanted, profile.stop_code) };
        let now = self.now;
        if let Some(run) = self.units[slot].current() {
            run.asked = Some(now);
        }
        self.tell(slot, EventKind::Killed("15".into()));
        let (_, answer) = self.soon(slot, takes, What::Ended { code, then });
        // A restart's answer comes when it has started again.
        (if then == Then::Start { takes + 280 } else { takes }, answer)
    }

    fn kill(&mut self, slot: usize, signal: Option<&str>) -> Answer {
        let wanted = signal.unwrap_or("SIGKILL").to_ascii_uppercase();
        let bare = wanted.strip_prefix("SIG").unwrap_or(&wanted);
        let (number, ends) = match bare {
            "KILL" | "9" => ("9", true),
            "TERM" | "15" => ("15", true),
            "INT" | "2" => ("2", true),
            "QUIT" | "3" => ("3", true),
            "ABRT" | "6" => ("6", true),
            "HUP" | "1" => ("1", false),
            "USR1" | "10" => ("10", false),
            "USR2" | "12" => ("12", false),
            "WINCH" | "28" => ("28", false),
            "CONT" | "18" => ("18", false),
            _ => {
                let why = format!("invalid signal: {}", signal.unwrap_or_default());
                return (15, Err(EngineError::Failed { status: 400, why }));
            }
        };
        if !ends {
            let epoch = self.units[slot].epoch;
            self.plan(self.now + 10, slot, epoch, What::Signal(number.to_owned()));
            return (10, Ok(Done::Changed));
        }
        self.tell(slot, EventKind::Killed(number.to_owned()));
        let code = 128 + number.parse::<i64>().unwrap_or(9);
        self.soon(slot, if number == "9" { 90 } else { 400 }, What::Ended { code, then: Then::Killed })
    }

    /// Stopped while the engine was about to start it again.
    fn give_up_restarting(&mut self, slot: usize) {
        self.forget_plans(slot);
        let unit = &mut self.units[slot];
        unit.quick_ends = 0;
        unit.replica.state = State::Exited;
        self.tell(slot, EventKind::Stopped);
        self.show(slot);
    }

    /// A host port of a unit that another running one holds; none where the engine picks the ports.
    pub(super) fn taken_port(&self, slot: usize) -> Option<u16> {
        if self.specs[self.units[slot].spec].is_ranged() {
            return None;
        }
        let wanted = self.units[slot].replica.ports.iter().filter_map(|port| port.host);
        wanted.map(|(_, port)| port).find(|&port| self.is_held(port, slot))
    }

    /// Whether another running unit holds a host port.
    fn is_held(&self, port: u16, slot: usize) -> bool {
        self.units.iter().enumerate().any(|(other, unit)| {
            other != slot
                && !unit.gone
                && unit.replica.is_up()
                && unit.replica.ports.iter().any(|p| p.host.is_some_and(|(_, held)| held == port))
        })
    }

    /// Where the engine picks the host ports, pick those of this unit's number, or others that are
    /// free.
    pub(super) fn choose_ports(&mut self, slot: usize) {
        let unit = &self.units[slot];
        let spec = &self.specs[unit.spec];
        if !spec.is_ranged() {
            return;
        }
        let own = unit.replica.number.unwrap_or(1);
        let hosts: HashMap<u16, Option<u16>> = spec.ports.iter().copied().collect();
        let mut ports = unit.replica.ports.clone();
        for port in &mut ports {
            let (Some(Some(first)), Some((_, chosen))) = (hosts.get(&port.container), &mut port.host) else {
                continue;
            };
            let numbers = std::iter::once(own).chain(2..100);
            let mut free = numbers.map(|n| Spec::host_port(*first, n)).filter(|p| !self.is_held(*p, slot));
            *chosen = free.next().unwrap_or(*chosen);
        }
        ports.sort();
        self.units[slot].replica.ports = ports;
    }

    /// The start failed for a port, in the engine's words.
    pub(super) fn fail_to_start(&mut self, slot: usize, port: u16) -> String {
        let words = self.port_words(slot, Some(port));
        let unit = &mut self.units[slot];
        unit.epoch += 1;
        unit.replica.refused = Some(words.as_str().into());
        unit.error = Some(words.clone());
        unit.replica.exit = Some(Exit { code: 128, oom: false });
        if unit.replica.state != State::Created {
            unit.replica.state = State::Exited;
        }
        self.show(slot);
        words
    }

    pub(super) fn port_words(&self, slot: usize, port: Option<u16>) -> String {
        let port = port.unwrap_or_default();
        format!(
            "driver failed programming external connectivity on endpoint {}: Bind for 0.0.0.0:{port} failed: \
             port is already allocated",
            self.units[slot].replica.name
        )
    }
}
