//! The demo's journal: in memory, with what was done, seen and wrong before the demo began.

use jiff::{SignedDuration, Timestamp};

use super::{DemoSpec, options};
use crate::alert::{End, Incident, Key, default_rules};
use crate::engine::demo::World;
use crate::fleet::{Revision, ServiceId};
use crate::journal::{Journal, JournalError, NewOperation, OperationEnd, OperationState, Sighting, Who};

/// A journal that knows the demo's past. A platform that is not there has none: opening the engine
/// says so. Blocks.
pub(in crate::cli) fn journal(spec: &DemoSpec) -> Result<Journal, JournalError> {
    let journal = Journal::in_memory()?;
    let Ok(options) = options(spec) else { return Ok(journal) };
    let world = World::new(options.platform, options.services, options.seed, Timestamp::now());
    // Whoever calls may be inside a runtime, where another one may not block.
    let remembered = std::thread::scope(|scope| {
        let remembering = scope.spawn(|| match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime.block_on(remember(&journal, &world)),
            Err(why) => {
                tracing::warn!(%why, "the demo has no past");
                Ok(())
            }
        });
        remembering.join()
    });
    remembered.unwrap_or(Err(JournalError::Closed))?;
    Ok(journal)
}

async fn remember(journal: &Journal, world: &World) -> Result<(), JournalError> {
    let engine = world.info();
    let mut made = Vec::new();
    for past in world.past_operations() {
        let (service, at) = (past.service.clone(), past.at);
        let who = Who {
            user: past.who.to_owned(),
            ssh_from: Some(past.origin.to_owned()),
            host: engine.host.clone(),
            ..Who::default()
        };
        let (from, to) = (past.from.tag(), past.to.tag());
        let begun = NewOperation {
            instance: engine.instance.clone(),
            host: engine.host.clone(),
            endpoint: engine.endpoint.clone(),
            services: vec![past.service.clone()],
            change: past.change.to_owned(),
            sentence: format!("{} {} {from} → {to}", past.change, past.service),
            plan: String::new(),
            images: vec![(past.service, past.from.clone(), past.to.clone())],
            who,
        };
        let end = OperationEnd { state: OperationState::Done, sentence: past.sentence, took: past.took };
        made.push((service, at, journal.recall(begun, past.at, end).await?));
    }
    let history = world.history();
    let by = |revision: &Revision| {
        let of = |(service, at, _): &&(_, Timestamp, i64)| {
            *service == revision.service && *at == revision.first_seen
        };
        made.iter().find(of).map(|(_, _, operation)| *operation)
    };
    // One picture of every service at a time, its first revision first.
    let longest = history.iter().map(|revision| revision.number).max().unwrap_or(0);
    for number in 1..=longest {
        let of_number = || history.iter().filter(|revision| revision.number == number);
        for at in [|r: &Revision| r.first_seen, |r: &Revision| r.last_seen] {
            let seen = of_number().map(|revision| Sighting {
                service: revision.service.clone(),
                image: revision.image.clone(),
                spec: revision.spec,
                at: at(revision),
                by: by(revision),
            });
            journal.saw(&engine.instance, seen.collect()).await?;
        }
    }
    let services: Vec<ServiceId> = history.into_iter().filter(|r| r.current).map(|r| r.service).collect();
    for incident in earlier(&services, world.now()) {
        let known = journal.incident_opened(&engine.instance, incident.clone()).await?;
        journal.incident_closed(known.id.unwrap_or_default(), incident).await?;
    }
    Ok(())
}

/// Incidents of today that are over: rule, figures, which service, minutes since it was over,
/// minutes it lasted.
const EARLIER: [(&str, &str, usize, i64, i64); 2] = [
    ("Unhealthy", "unhealthy: http /health: no answer within 3 s", 5, 312, 4),
    ("HighMemory", "memory_of_limit 94%", 2, 47, 11),
];

fn earlier(services: &[ServiceId], now: Timestamp) -> Vec<Incident> {
    let rules = default_rules();
    let ago = |minutes: i64| now - SignedDuration::from_mins(minutes);
    let incident = |(name, figures, nth, over, lasted): (&str, &str, usize, i64, i64)| {
        let rule = rules.iter().find(|rule| &*rule.name == name)?;
        let service = services.get(nth % services.len().max(1))?.clone();
        Some(Incident {
            id: None,
            key: Key { rule: rule.name.clone(), service: Some(service) },
            severity: rule.severity,
            condition: rule.condition.text().into(),
            description: rule.description.clone(),
            figures: figures.into(),
            since: ago(over + lasted),
            opened: ago(over + lasted - 1),
            closed: Some((ago(over), End::Over)),
            times: 1,
            muted: None,
            acknowledged: None,
            told: true,
        })
    };
    EARLIER.into_iter().filter_map(incident).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_past_is_as_the_demo_tells_it() {
        let spec = DemoSpec { platform: Some("group-buying".into()), services: None, seed: Some(7) };
        let options = options(&spec).unwrap();
        let world = World::new(options.platform, options.services, options.seed, Timestamp::now());
        let journal = Journal::in_memory().unwrap();
        remember(&journal, &world).await.unwrap();

        let instance = world.info().instance;
        let mut services = 0;
        for now in world.history().into_iter().filter(|revision| revision.current) {
            let known = journal.revisions(&instance, &now.service).await.unwrap();
            let ran = world.history().into_iter().filter(|r| r.service == now.service).count();
            assert_eq!(known.len(), ran, "{}", now.service);
            assert_eq!((&known[0].image, known[0].current), (&now.image, true), "{}", now.service);
            services += 1;
        }
        assert!(services > 1);
        let operations = journal.operations(crate::journal::Query::default()).await.unwrap();
        assert_eq!(operations.len(), world.past_operations().len());
        let deployed = &operations[0];
        assert_eq!((deployed.state, deployed.begun.who.user.as_str()), (OperationState::Done, "ada"));
        let known = journal.revisions(&instance, &deployed.begun.services[0]).await.unwrap();
        assert_eq!(known[0].by, Some(deployed.id));
        let incidents = journal.incidents(crate::journal::IncidentQuery::default()).await.unwrap();
        assert_eq!(incidents.len(), EARLIER.len());
        let now = world.now();
        assert!(incidents.iter().all(|(_, it)| it.closed.is_some_and(|(at, _)| at < now)), "all are over");
    }
}
