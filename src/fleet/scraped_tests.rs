//! Figures in their units; and what of a scrape is known for how long.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use super::super::testing::{at, fleet, removed, running, synced};
use super::*;
use crate::fleet::{Observation, Replica};

#[test]
fn figures_are_shown_in_their_unit() {
    for (value, unit, shown) in [
        (12.345, PER_SECOND, "12.3/s"),
        (0.0, PER_SECOND, "0/s"),
        (0.0456, SHARE, "4.56%"),
        (0.0312, SECONDS, "31ms"),
        (1_610_612_736.0, "B", "1.5GiB"),
        (2048.0, "B/s", "2KiB/s"),
        (42.0, "rows", "42 rows"),
        (1234.0, "", "1234"),
        (97.25, "%", "97.2%"),
        (3.0, "jobs/s", "3 jobs/s"),
        (f64::INFINITY, "", "inf"),
        (-2.5, "s", "-2.5 s"),
    ] {
        assert_eq!(words(value, unit), shown, "{value} {unit}");
    }
}

fn scraped(seconds: i64, replica: &Replica, result: Result<&[(&str, f64, &str)], &str>) -> Scraped {
    let reading = |(name, value, unit): &(&str, f64, &str)| Reading {
        name: (*name).into(),
        value: *value,
        unit: (*unit).into(),
    };
    Scraped {
        at: at(seconds),
        service: replica.service.clone(),
        replica: Some(replica.id.clone()),
        source: "http /metrics".into(),
        whole: "GET http://10.0.0.3:9000/metrics".into(),
        interval: Duration::from_secs(30),
        took: Some(Duration::from_millis(3)),
        result: result.map(|all| all.iter().map(reading).collect()).map_err(Into::into),
        remark: None,
    }
}

#[test]
fn figures_have_units_and_grow_old_and_what_fails_says_so() {
    let replica = running("shop", "api", "api-1");
    let mut fleet = fleet([synced(0, std::slice::from_ref(&replica))]);
    let service = &replica.service;
    let good = scraped(1, &replica, Ok(&[("request_rate", 12.0, PER_SECOND), ("depth", 3.0, "jobs")]));
    assert!(fleet.apply(Observation::Scraped(vec![good])).usage);
    let words = |fleet: &crate::fleet::Fleet, name: &str, now| {
        Some(fleet.reading(service, &name.into(), at(now))?.words())
    };
    assert_eq!(words(&fleet, "depth", 2).as_deref(), Some("3 jobs"));
    assert_eq!(fleet.measured(service, "request_rate", at(2)), Some(12.0));
    assert_eq!(fleet.scrapes(service).next().unwrap().complaint(), None);

    let bad = scraped(31, &replica, Err("status 404"));
    assert!(fleet.apply(Observation::Scraped(vec![bad.clone()])).usage);
    let complaint = fleet.scrapes(service).next().unwrap().complaint();
    assert_eq!(complaint.as_deref(), Some("GET http://10.0.0.3:9000/metrics: status 404"));
    assert!(!fleet.apply(Observation::Scraped(vec![Scraped { at: at(61), ..bad }])).usage, "nothing new");
    // Three intervals after its last figure it says nothing of now.
    assert_eq!(words(&fleet, "depth", 91).as_deref(), Some("3 jobs"));
    assert_eq!(fleet.outdated(service, at(91)), []);
    assert_eq!(words(&fleet, "depth", 92), None);
    assert_eq!(fleet.outdated(service, at(92)), [("depth".into(), at(1)), ("request_rate".into(), at(1))]);
}

#[test]
fn what_is_gone_is_forgotten() {
    let replica = running("shop", "api", "api-1");
    let service = replica.service.clone();
    let mut fleet = fleet([synced(0, std::slice::from_ref(&replica))]);
    let good = scraped(1, &replica, Ok(&[("depth", 3.0, "jobs")]));
    fleet.apply(Observation::Scraped(vec![good.clone()]));
    let gone = Observation::Unscraped {
        service: service.clone(),
        replica: Some(replica.id.clone()),
        source: "http /metrics".into(),
    };
    assert!(fleet.apply(gone.clone()).usage);
    assert!(!fleet.apply(gone).usage);
    assert_eq!(fleet.scrapes(&service).count(), 0);
    fleet.apply(Observation::Scraped(vec![good.clone()]));
    fleet.apply(removed(2, "api-1"));
    // Word of it may still come.
    assert!(!fleet.apply(Observation::Scraped(vec![good])).usage);
    assert_eq!((fleet.scrapes(&service).count(), fleet.measured_names(&service, at(2)).len()), (0, 0));
}
