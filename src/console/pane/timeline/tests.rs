#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use super::super::fixture::{at, draw, fleet, replica_id, scene, service};
use super::super::{Answer, Input, Pane, Target};
use super::Timeline;
use crate::action::Action;
use crate::config::{Depth, Library};
use crate::console::{Effect, History};
use crate::fleet::Image;
use crate::journal::{EventRecord, NewOperation, OperationRecord, OperationState, PostMortem, Who};

/// Operation 12: a deploy of `api` from -130 s to -100 s that was undone, and an event before.
fn history() -> History {
    let api = service(Some("shop"), "api");
    let image = |tag: &str| Image { reference: format!("shop/api:{tag}").into(), id: tag.into() };
    let begun = NewOperation {
        instance: "i".into(),
        host: "h".into(),
        endpoint: "e".into(),
        services: vec![api.clone()],
        change: "deploy".into(),
        sentence: "deploy shop/api 1.4.2 → 1.5.0".into(),
        plan: String::new(),
        images: vec![(api.clone(), image("1.4.2"), image("1.5.0"))],
        who: Who { user: "ada".into(), ssh_from: Some("10.0.0.17".into()), ..Who::default() },
    };
    let operation = OperationRecord {
        id: 12,
        begun,
        at: at(-130),
        state: OperationState::Undone,
        sentence: "api-2 died in its gate".into(),
        took: Some(Duration::from_secs(30)),
        ended: Some(at(-100)),
        adoptions: Vec::new(),
        steps: Vec::new(),
        alive: false,
    };
    let event = |second, kind: &str, note: &str| EventRecord {
        at: at(second),
        service: api.clone(),
        replica: "shop-api-2".into(),
        kind: kind.into(),
        note: note.into(),
        planned: None,
    };
    // The second is live as well: it must not be there twice.
    let events = vec![event(-7_000, "oom", ""), event(-125, "died", "exit 1")];
    let post_mortem = PostMortem {
        id: 3,
        service: api.clone(),
        subject: "x".into(),
        kind: "crash".into(),
        first: at(-125),
        last: at(-125),
        times: 1,
        sentence: "It crashed: exit 1".into(),
        record: String::new(),
    };
    History { operations: vec![operation], events, post_mortems: vec![post_mortem] }
}

fn shown(target: &Target) -> (Timeline, crate::config::Theme) {
    let theme = Library::default().theme("quarterdeck", Depth::True).unwrap();
    let mut pane = Timeline::default();
    let fleet = fleet();
    pane.set_viewport(110, 12);
    let asked = pane.show(&scene(&fleet, &theme, target));
    assert!(matches!(asked.as_slice(), [Effect::History(Some(_))]), "{asked:?}");
    let Target::Service(id) = target else { panic!() };
    assert!(pane.history(Some(id), &history()));
    assert!(!pane.history(Some(&service(Some("shop"), "db")), &History::default()), "not about this row");
    (pane, theme)
}

#[test]
fn operations_and_events_are_one_list_and_what_was_planned_says_so() {
    let target = Target::Service(service(Some("shop"), "api"));
    let (pane, theme) = shown(&target);
    let fleet = fleet();
    insta::assert_snapshot!("timeline_110x12", draw(&pane, &scene(&fleet, &theme, &target), 110, 12));
    insta::assert_snapshot!("timeline_60x6", draw(&pane, &scene(&fleet, &theme, &target), 60, 6));
}

#[test]
fn it_can_be_filtered_and_exported() {
    let target = Target::Service(service(Some("shop"), "api"));
    let (mut pane, theme) = shown(&target);
    let fleet = fleet();
    let scene = scene(&fleet, &theme, &target);
    pane.set_input(Input::Filter, "!PLANNED").unwrap();
    let text = draw(&pane, &scene, 110, 12);
    assert!(!text.contains("planned:") && text.contains("became unhealthy"), "{text}");
    pane.set_input(Input::Filter, "operation 12").unwrap();
    let Answer::Done { effects, .. } = pane.act(Action::SaveLogs, &scene) else { panic!() };
    let [Effect::Save { stem, extension: "md", text }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(stem, "timeline-api");
    insta::assert_snapshot!("timeline_markdown", text);
    pane.set_input(Input::Filter, "no such thing").unwrap();
    assert!(matches!(pane.act(Action::SaveLogs, &scene), Answer::Refused(_)));
}

#[test]
fn a_replica_has_its_own_events_only() {
    let theme = Library::default().theme("quarterdeck", Depth::True).unwrap();
    let fleet = fleet();
    let target = Target::Replica(replica_id("shop-api-1"));
    let mut pane = Timeline::default();
    let scene = scene(&fleet, &theme, &target);
    pane.show(&scene);
    pane.history(Some(&service(Some("shop"), "api")), &history());
    let text = draw(&pane, &scene, 110, 12);
    assert!(text.contains("deploy shop/api") && !text.contains("unhealthy"), "{text}");
}
