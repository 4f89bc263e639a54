//! The pages about the machine: all ports, and the host. Pure.

use tui_input::Input as Line;

use super::super::machine::Machine;
use super::super::widget::Scroll;
use crate::fleet::{Claimant, Fleet, PortRow, Protocol, Reach, ReplicaId, Stake};
use crate::text::human;

/// What tells a row from every other, whatever the one in it does meanwhile.
type Key = (Option<u16>, Protocol, Option<(ReplicaId, u16)>, String);

fn key(row: &PortRow) -> Key {
    let place = row.place().map(|(id, port)| (id.clone(), port));
    let who = if place.is_some() { String::new() } else { row.by.words() };
    (row.number, row.protocol, place, who)
}

/// Every port of the machine.
#[derive(Default)]
pub struct PortsPage {
    /// What is looked for.
    pub query: Line,
    /// Keys go into the query.
    pub searching: bool,
    /// Only those that somebody wants in vain, or nobody answers at.
    pub trouble: bool,
    chosen: Option<Key>,
    /// Where it stood when it was last seen: what stands there now is chosen when it is gone.
    at: usize,
}

impl PortsPage {
    /// What is listed.
    pub fn list(&self, fleet: &Fleet, machine: &Machine) -> Vec<PortRow> {
        let mut rows = fleet.port_rows(machine.sockets());
        let query = self.query.value().trim().to_lowercase();
        rows.retain(|row| {
            (!self.trouble || is_trouble(row, machine)) && (query.is_empty() || words(row).contains(&query))
        });
        rows
    }

    /// Which row is chosen.
    pub fn place(&self, rows: &[PortRow]) -> usize {
        let place = self.chosen.as_ref().and_then(|chosen| rows.iter().position(|row| key(row) == *chosen));
        place.unwrap_or(self.at).min(rows.len().saturating_sub(1))
    }

    /// Choose another one, that many rows further.
    pub fn move_by(&mut self, by: isize, rows: &[PortRow]) {
        self.at = self.place(rows).saturating_add_signed(by).min(rows.len().saturating_sub(1));
        self.chosen = rows.get(self.at).map(key);
    }

    /// Another list: from its beginning.
    pub fn home(&mut self) {
        (self.at, self.chosen) = (0, None);
    }
}

/// What a row can be found by.
fn words(row: &PortRow) -> String {
    let (name, state) = match &row.by {
        Claimant::Replica { name, state, .. } => (&**name, state.word()),
        _ => ("", "process"),
    };
    let who = row.by.words();
    format!("{} {} {who} {name} {state} {}", row.port(), row.bind(), row.stake.word()).to_lowercase()
}

/// What is known of whether somebody answers.
pub fn answer<'m>(row: &PortRow, machine: &'m Machine) -> Option<&'m Reach> {
    let (id, port) = row.place()?;
    machine.answers.known.as_ref()?.get(&(id.clone(), port))
}

/// Somebody wants it in vain, or holds it and does not answer.
pub fn is_trouble(row: &PortRow, machine: &Machine) -> bool {
    row.stake == Stake::InVain || matches!(answer(row, machine), Some(Reach::Silent(_)))
}

/// What the line of a row says besides the port: what its owner does, whether he answers.
pub fn standing(row: &PortRow, machine: &Machine) -> (&'static str, String) {
    let state = match (row.stake, &row.by) {
        (Stake::InVain, _) => "in vain",
        (Stake::OnceUp, _) => "once up",
        (Stake::Exposed, _) => "exposed",
        (Stake::Holds, Claimant::Replica { state, .. }) => state.word(),
        (Stake::Holds, Claimant::Service(_)) => "published",
        (Stake::Holds, Claimant::Process { .. }) => "process",
    };
    let answers = match answer(row, machine) {
        Some(Reach::Answers(took)) => human::latency(*took),
        Some(Reach::Silent(_)) => "no".to_owned(),
        Some(Reach::Unknown(_)) => "?".to_owned(),
        None => String::new(),
    };
    (state, answers)
}

/// Two sentences about a row: how it stands to the port, and who can reach it.
pub fn sentences(row: &PortRow, machine: &Machine) -> [String; 2] {
    let (port, who) = (row.port(), row.by.words());
    let rivals = row.rivals.join(" and ");
    let first = match row.stake {
        Stake::InVain if row.held => format!("{who} wants {port} in vain: {rivals} has it"),
        Stake::InVain => format!("{port} is claimed by {who} and {rivals}: only one of them can run"),
        Stake::OnceUp => format!("{port} is free, and will be taken by {who} once it runs"),
        Stake::Exposed => format!("{who} exposes {port} to containers on its networks only"),
        Stake::Holds => format!("{port} is held by {who}, open to {}", row.reachable_from()),
    };
    let name = match &row.by {
        Claimant::Replica { name, state, .. } => format!("{name}, {}", state.word()),
        Claimant::Process { known: None } => "whose it is, root only sees: run qd as root".to_owned(),
        Claimant::Process { .. } => "no container of this engine".to_owned(),
        Claimant::Service(_) => "the engine holds it on every node".to_owned(),
    };
    let second = match answer(row, machine) {
        Some(Reach::Answers(took)) => format!("{name}; accepts connections after {}", human::latency(*took)),
        Some(Reach::Silent(why)) => format!("{name}; does not answer: {why}"),
        Some(Reach::Unknown(why)) => format!("{name}; whether it answers can't be told: {why}"),
        None => name,
    };
    [first, second]
}

/// The machine.
#[derive(Default)]
pub struct HostPage {
    /// Where it stands.
    pub scroll: Scroll,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fleet::testing::{exited, running, synced};
    use crate::fleet::{Port, Replica};

    fn at(mut replica: Replica, container: u16, host: u16) -> Replica {
        let host = Some(("0.0.0.0".parse().unwrap(), host));
        replica.ports.push(Port { container, protocol: Protocol::Tcp, host });
        replica
    }

    #[test]
    fn a_row_stays_chosen_whatever_its_owner_does() {
        let web = at(running("shop", "web", "web-1"), 80, 8080);
        let api = at(running("shop", "api", "api-1"), 80, 8081);
        let mut fleet = Fleet::new();
        fleet.apply(synced(0, &[web.clone(), api.clone()]));
        let machine = Machine::default();
        let mut page = PortsPage::default();
        let rows = page.list(&fleet, &machine);
        page.move_by(1, &rows);
        fleet.apply(synced(1, &[at(running("a", "a", "a-1"), 1, 1), web, exited(api, 0, 5)]));
        let rows = page.list(&fleet, &machine);
        assert_eq!((rows.len(), page.place(&rows)), (3, 2));
        page.query = Line::from("WEB");
        let rows = page.list(&fleet, &machine);
        assert_eq!((rows.len(), page.place(&rows)), (1, 0));
        page.query = Line::from("once it");
        assert_eq!(page.list(&fleet, &machine)[0].by.words(), "shop/api");
        page.query = Line::default();
        page.trouble = true;
        assert_eq!(page.list(&fleet, &machine), []);
        assert_eq!(page.place(&[]), 0);
    }

    #[test]
    fn a_port_that_nobody_answers_at_is_trouble() {
        let web = at(running("shop", "web", "web-1"), 80, 8080);
        let mut fleet = Fleet::new();
        fleet.apply(synced(0, std::slice::from_ref(&web)));
        let mut machine = Machine::default();
        let silent = Reach::Silent("connection refused".into());
        machine.answers.learn([((web.id, 80), silent)].into());
        let page = PortsPage { trouble: true, ..PortsPage::default() };
        let rows = page.list(&fleet, &machine);
        assert_eq!(standing(&rows[0], &machine), ("running", "no".to_owned()));
        assert_eq!(
            sentences(&rows[0], &machine),
            [
                "8080/tcp is held by shop/web, open to all interfaces",
                "web-1, running; does not answer: connection refused"
            ]
        );
    }
}
