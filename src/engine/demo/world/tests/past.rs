//! What was before: revisions one can roll back to at once, and who did what yesterday.

use std::collections::BTreeMap;

use super::{start, world};
use crate::engine::Query;
use crate::engine::demo::Platform;
use crate::fleet::{Revision, Role, ServiceId};

#[test]
fn every_service_has_earlier_revisions_that_are_still_here() {
    for platform in Platform::ALL {
        let world = world(platform);
        let mut services: BTreeMap<ServiceId, Vec<Revision>> = BTreeMap::new();
        for revision in world.history() {
            services.entry(revision.service.clone()).or_default().push(revision);
        }
        for replica in world.replicas().iter().filter(|r| r.role == Role::Replica) {
            if &*replica.name == "pos-api-old" {
                continue;
            }
            let all = &services[&replica.service];
            assert!(all.len() >= 2, "{platform}: {} has nowhere to go back to", replica.name);
            assert!(all.windows(2).all(|w| w[0].last_seen <= w[1].first_seen && w[0].number < w[1].number));
            assert!(all.iter().all(|r| r.first_seen < r.last_seen && r.last_seen <= start()), "{all:#?}");
            let current = all.last().unwrap();
            assert!(current.current && all.iter().filter(|r| r.current).count() == 1);
            assert_eq!((&current.image, current.spec), (&replica.image, replica.spec));
            let images = all.iter().map(|r| r.image.id.clone()).collect();
            let survey = world.survey(&Query { images, ..Query::default() });
            assert!(survey.images.iter().all(|(_, facts)| facts.is_some()), "{}", replica.name);
        }
    }
}

#[test]
fn yesterday_is_the_same_in_history_and_on_the_ground() {
    for platform in Platform::ALL {
        let world = world(platform);
        let operations = world.past_operations();
        let [deploy] = operations.as_slice() else { panic!("{platform}: {operations:?}") };
        let hours = start().duration_since(deploy.at).as_hours();
        assert!((12..36).contains(&hours), "{platform}: {hours} h ago");
        let runs = world.replicas();
        let runs = runs.iter().find(|r| r.service == deploy.service && r.role == Role::Replica).unwrap();
        assert_eq!((&runs.image, runs.created), (&deploy.to, deploy.at));
        assert_ne!(deploy.from.id, deploy.to.id);
        assert!(deploy.sentence.contains(deploy.to.tag()), "{}", deploy.sentence);
    }
}
