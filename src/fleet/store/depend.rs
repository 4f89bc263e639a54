//! Who needs whom, and where to look first.

use jiff::Timestamp;

use super::Fleet;
use crate::fleet::depends::Unit;
use crate::fleet::{Causes, Dependencies, Health, ServiceId, Since};

impl Fleet {
    /// Who needs whom. Made at the first call after what it follows from changed; cheap after.
    pub fn dependencies(&self) -> &Dependencies {
        self.depends.get_or_init(|| {
            let replicas = self.rows.values().flat_map(|row| &row.service.replicas);
            let replicas = replicas.filter_map(|id| self.known.get(id)).map(|it| Unit::Replica(&it.replica));
            let units: Vec<Unit<'_>> = replicas.chain(self.declared().map(Unit::Declared)).collect();
            let machine =
                self.engine.as_ref().map(|engine| engine.host.as_str()).filter(|host| !host.is_empty());
            Dependencies::of(self.rows.keys(), &units, machine)
        })
    }

    /// Where to look first, of all that is not well.
    pub fn causes(&self, now: Timestamp) -> Causes {
        let (mut ill, mut stopped) = (Vec::new(), Vec::new());
        for row in self.rows.values().filter(|row| row.counts()) {
            let health = self.judge(row, now).map(|judged| judged.health);
            let since = health.unwrap_or_else(|| row.summary.health.clone());
            match since.health {
                health if health.is_well() => {}
                Health::Stopped => stopped.push((&row.service.id, since)),
                _ => ill.push((&row.service.id, since)),
            }
        }
        self.explained(&ill, &stopped)
    }

    /// The same of services not well, and of those stopped, which only explain.
    pub(super) fn explained(&self, ill: &[(&ServiceId, Since)], stopped: &[(&ServiceId, Since)]) -> Causes {
        if ill.is_empty() {
            return Causes::default();
        }
        self.dependencies().causes(ill.iter().chain(stopped).map(|(id, since)| (*id, since)))
    }
}
