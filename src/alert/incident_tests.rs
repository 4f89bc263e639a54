use super::super::rules::Severity;
use super::*;
use crate::fleet::testing::{at, exited, fleet, running, service, synced};
use crate::fleet::{Compose, Replica};

fn incident(name: &str, severity: Severity, since: i64) -> Incident {
    Incident {
        id: None,
        key: Key { rule: "Down".into(), service: (!name.is_empty()).then(|| service("shop", name)) },
        severity,
        condition: "down".into(),
        description: "".into(),
        figures: "".into(),
        since: at(since),
        opened: at(since),
        closed: None,
        times: 1,
        muted: None,
        acknowledged: None,
        told: false,
    }
}

#[test]
fn the_worst_first_and_of_equals_the_cause() {
    let needs = |mut replica: Replica, on: &str| {
        replica.compose = Some(Arc::new(Compose { depends_on: vec![on.into()], ..Compose::default() }));
        replica
    };
    let unit = |name: &str| running("shop", name, &format!("{name}-1"));
    let all = [
        exited(needs(unit("web"), "api"), 1, 30),
        exited(needs(unit("api"), "db"), 1, 20),
        exited(unit("db"), 1, 10),
        exited(unit("alone"), 1, 5),
    ];
    let causes = fleet([synced(60, &all)]).causes(at(60));
    let (high, low) = (Severity::High, Severity::Low);
    let mut incidents = vec![
        incident("web", high, 30),
        incident("", high, 1),
        incident("alone", high, 5),
        incident("api", low, 20),
        incident("db", high, 40),
        incident("web", Severity::Critical, 50),
    ];
    by_cause(&mut incidents, &causes);
    let order: Vec<String> =
        incidents.iter().map(|it| format!("{} {}", it.severity.word(), it.subject())).collect();
    assert_eq!(
        order,
        [
            "critical shop/web",
            "high shop/db",
            "high shop/web",
            "high shop/alone",
            "high host",
            "low shop/api"
        ]
    );
}
