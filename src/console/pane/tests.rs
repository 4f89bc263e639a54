//! Every tab on screens from tiny to huge, and what the pages and the dossier do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::fixture::{at, details, draw, fleet, replica_id, replicas, scene, service, text};
use super::*;
use crate::config::Settings;
use crate::engine::EngineError;
use crate::fleet::{Observation, Reading, Scraped};

const SIZES: [(u16, u16); 3] = [(80, 10), (120, 20), (200, 40)];

fn api() -> Target {
    Target::Service(service(Some("shop"), "api"))
}

fn shop() -> Target {
    Target::Project(Some("shop".into()))
}

/// A pane that shows `target` and knows the second replica of `api`.
fn shown(tab: Tab, fleet: &Fleet, target: &Target) -> Panes {
    let theme = Theme::default();
    let mut panes = Panes::new(&Settings::default());
    let scene = scene(fleet, &theme, target);
    let pane = panes.get_mut(tab);
    pane.set_viewport(80, 10);
    pane.show(&scene);
    pane.inspected(&replica_id("shop-api-2"), &Ok(details()));
    panes
}

fn snap(tab: Tab, fleet: &Fleet, target: &Target, name: &str) {
    let theme = Theme::default();
    let panes = shown(tab, fleet, target);
    for (cols, rows) in SIZES {
        let drawn = draw(panes.get(tab), &scene(fleet, &theme, target), cols, rows);
        insta::assert_snapshot!(format!("{}_{name}_{cols}x{rows}", tab.title()), drawn);
    }
}

#[test]
fn health_of_a_service_and_a_project() {
    let fleet = fleet();
    snap(Tab::Health, &fleet, &api(), "service");
    snap(Tab::Health, &fleet, &shop(), "project");
}

#[test]
fn ports_of_a_service_and_a_project() {
    let fleet = fleet();
    snap(Tab::Ports, &fleet, &api(), "service");
    snap(Tab::Ports, &fleet, &shop(), "project");
}

#[test]
fn config_of_a_service_and_a_project() {
    let fleet = fleet();
    snap(Tab::Config, &fleet, &api(), "service");
    snap(Tab::Config, &fleet, &shop(), "project");
}

#[test]
fn stats_of_a_service_and_a_project() {
    let fleet = fleet();
    snap(Tab::Stats, &fleet, &api(), "service");
    snap(Tab::Stats, &fleet, &shop(), "project");
}

#[test]
fn what_a_service_says_of_itself_is_shown_with_units_and_reasons() {
    let mut fleet = fleet();
    let service = service(Some("shop"), "api");
    let scraped = |second, source: &str, result: Result<Vec<Reading>, Arc<str>>| Scraped {
        at: at(second),
        service: service.clone(),
        replica: None,
        source: source.into(),
        whole: "GET http://api.example:9000/metrics".into(),
        interval: Duration::from_secs(15),
        took: Some(Duration::from_millis(12)),
        result,
        remark: None,
    };
    let reading = |name: &str, value, unit: &str| Reading { name: name.into(), value, unit: unit.into() };
    let good = |second, all: &[(&str, f64, &str)]| {
        let all = all.iter().map(|(name, value, unit)| reading(name, *value, unit)).collect();
        scraped(second, "http /metrics", Ok(all))
    };
    fleet.apply(Observation::Scraped(vec![good(-180, &[("old_one", 7.0, "")])]));
    let now = [("request_rate", 12.5, "/s"), ("error_rate", 0.051, "share"), ("queue_depth", 42.0, "jobs")];
    fleet.apply(Observation::Scraped(vec![good(-5, &now)]));
    let theme = Theme::default();
    let drawn = |tab, fleet: &Fleet| {
        let panes = shown(tab, fleet, &api());
        draw(panes.get(tab), &scene(fleet, &theme, &api()), 120, 40)
    };
    let stats = drawn(Tab::Stats, &fleet);
    for words in ["MEASURED", "12.5/s", "5.1%", "42 jobs", "no figure since 3m"] {
        assert!(stats.contains(words), "{words}: {stats}");
    }
    let health = drawn(Tab::Health, &fleet);
    assert!(health.contains("METRICS") && health.contains("http /metrics"), "{health}");
    assert!(!health.contains("status 404"), "{health}");
    fleet.apply(Observation::Scraped(vec![scraped(-1, "http /metrics", Err("status 404".into()))]));
    let complaint = "GET http://api.example:9000/metrics: status 404";
    assert!(drawn(Tab::Health, &fleet).contains(complaint), "{}", drawn(Tab::Health, &fleet));
    let stats = drawn(Tab::Stats, &fleet);
    assert!(stats.contains("metrics") && stats.contains("GET http://api.example:9000"), "{stats}");
}

#[test]
fn ascii_terminals_get_ascii_only() {
    let fleet = fleet();
    let theme = Theme::default();
    for target in [api(), shop()] {
        for tab in Tab::ALL {
            let panes = shown(tab, &fleet, &target);
            let mut scene = scene(&fleet, &theme, &target);
            scene.look.glyphs = &Glyphs::ASCII;
            let drawn = draw(panes.get(tab), &scene, 120, 60);
            // What comes from outside (a label, a mask) is not ours to change.
            let drawn = drawn.replace("日本", "").replace('•', "");
            assert!(drawn.is_ascii(), "{tab:?}: {drawn}");
        }
    }
}

#[test]
fn every_tab_draws_at_every_size_and_never_beyond_its_area() {
    let fleet = fleet();
    let theme = Theme::default();
    let targets = [
        api(),
        shop(),
        Target::Project(None),
        Target::Replica(replica_id("shop-db-1")),
        // Gone: between a removal and the next selection.
        Target::Replica(replica_id("gone")),
        Target::Service(service(None, "gone")),
    ];
    for target in &targets {
        for tab in Tab::ALL {
            let mut panes = shown(tab, &fleet, target);
            let scene = scene(&fleet, &theme, target);
            for (cols, rows) in [(0, 0), (1, 1), (2, 1), (1, 9), (7, 3), (9, 4), (13, 5), (30, 2), (61, 11)] {
                let pane = panes.get_mut(tab);
                pane.set_viewport(cols, rows);
                let screen = Rect::new(0, 0, 70, 20);
                let mut buf = Buffer::filled(screen, ratatui::buffer::Cell::new("~"));
                let area = Rect::new(3, 2, cols, rows);
                pane.render(&scene, area, &mut buf);
                for y in 0..screen.height {
                    for x in 0..screen.width {
                        let inside = area.contains((x, y).into());
                        assert!(
                            inside || buf.cell((x, y)).unwrap().symbol() == "~",
                            "{tab:?} {cols}x{rows} at {x},{y}"
                        );
                    }
                }
                for &action in Action::ALL {
                    pane.act(action, &scene);
                    pane.render(&scene, Rect::new(0, 0, cols, rows), &mut buf);
                }
                // Larger than the screen it is drawn on: a resize that came in between.
                pane.render(&scene, Rect::new(60, 15, 50, 50), &mut buf);
            }
        }
    }
}

#[test]
fn hostile_text_and_huge_values_only_look_bad() {
    let mut all = replicas();
    let long = "x".repeat(4096);
    all[0].name = long.as_str().into();
    all[0].image.reference = "\u{202e}أهلا👨‍👩‍👧".repeat(200).into();
    all[1].restarts = Some(u32::MAX);
    all[1].limits.memory = Some(u64::MAX);
    all[1].limits.cpus = Some(f64::INFINITY);
    let mut fleet = Fleet::new();
    fleet.apply(Observation::Synced {
        at: at(-10),
        engine: crate::fleet::EngineId::new("docker"),
        replicas: all,
    });
    let usage = crate::fleet::Usage {
        cpu: Some(f32::INFINITY),
        memory: Some(u64::MAX),
        net_rx: Some(f32::NAN),
        net_tx: Some(-5.0),
        block_read: Some(f32::MAX),
        block_write: Some(0.0),
        pids: Some(u32::MAX),
    };
    fleet.apply(Observation::Sampled { at: at(-8), usages: vec![(replica_id("shop-api-1"), usage)] });
    let theme = Theme::default();
    let mut hostile = details();
    hostile.env = vec![(long.clone(), long.clone()); 50];
    hostile.health_log[0].output = "\u{301}\u{301}\u{301}zalgo".repeat(500);
    for target in [api(), shop(), Target::Replica(replica_id("shop-api-1"))] {
        for tab in Tab::ALL {
            let mut panes = shown(tab, &fleet, &target);
            panes.get_mut(tab).inspected(&replica_id("shop-api-2"), &Ok(hostile.clone()));
            for cols in [1, 8, 40, 80, 200] {
                draw(panes.get(tab), &scene(&fleet, &theme, &target), cols, 30);
            }
        }
    }
}

#[test]
fn a_port_claimed_twice_is_called_out_on_both_sides() {
    let fleet = fleet();
    let theme = Theme::default();
    for target in [Target::Service(service(Some("shop"), "web")), Target::Service(service(None, "cache"))] {
        let panes = shown(Tab::Ports, &fleet, &target);
        let drawn = draw(panes.get(Tab::Ports), &scene(&fleet, &theme, &target), 200, 10);
        assert!(drawn.contains("host port 8080/tcp is claimed by"), "{drawn}");
        assert!(
            drawn.contains("cache (cache, exited)") && drawn.contains("shop-web-1 (shop/web, running)"),
            "{drawn}"
        );
    }
    // Different addresses, different families, different ports: no conflict.
    let target = api();
    let panes = shown(Tab::Ports, &fleet, &target);
    assert!(!draw(panes.get(Tab::Ports), &scene(&fleet, &theme, &target), 200, 10).contains("claimed"));
}

#[test]
fn details_are_asked_for_once_and_again_when_the_replica_changed() {
    let mut fleet = fleet();
    let theme = Theme::default();
    let target = api();
    let mut panes = Panes::new(&Settings::default());
    let pane = panes.get_mut(Tab::Config);
    // The unhealthy one tells most.
    let ask = vec![Effect::Inspect(replica_id("shop-api-2"))];
    assert_eq!(pane.show(&scene(&fleet, &theme, &target)), ask);
    assert_eq!(pane.show(&scene(&fleet, &theme, &target)), []);
    assert!(!pane.inspected(&replica_id("shop-api-1"), &Ok(details())), "nobody asked");
    assert!(pane.inspected(&replica_id("shop-api-2"), &Ok(details())));
    assert_eq!(pane.observe(Changes::default(), &scene(&fleet, &theme, &target)), []);
    let mut changed = replicas().remove(1);
    changed.restarts = Some(8);
    fleet.apply(Observation::Applied { at: at(1), replica: Box::new(changed) });
    assert_eq!(pane.observe(Changes::default(), &scene(&fleet, &theme, &target)), ask);
    // A failure is told, and what was known stays.
    pane.inspected(&replica_id("shop-api-2"), &Err(EngineError::Disconnected { why: "gone".into() }));
    let drawn = draw(panes.get(Tab::Config), &scene(&fleet, &theme, &target), 100, 60);
    assert!(drawn.contains("could not be inspected") && drawn.contains("on-failure:10"), "{drawn}");
}

#[test]
fn health_results_are_renewed_when_the_next_check_is_over() {
    let fleet = fleet();
    let theme = Theme::default();
    let target = api();
    let mut panes = shown(Tab::Health, &fleet, &target);
    let pane = panes.get_mut(Tab::Health);
    let mut later = scene(&fleet, &theme, &target);
    let start = later.now;
    // The last check ended 42 s ago, the next was due long since: the shortest pause holds.
    later.now = start + SignedDuration::from_secs(2);
    assert_eq!(pane.observe(Changes::default(), &later), []);
    later.now = start + SignedDuration::from_secs(3);
    assert_eq!(pane.observe(Changes::default(), &later), vec![Effect::Inspect(replica_id("shop-api-2"))]);
    assert_eq!(pane.observe(Changes::default(), &later), [], "one question at a time");
    later.now = start + SignedDuration::from_secs(60);
    assert_eq!(
        pane.observe(Changes::default(), &later).len(),
        1,
        "an answer that never came is asked for again"
    );
}

#[test]
fn left_and_right_turn_through_the_replicas() {
    let fleet = fleet();
    let theme = Theme::default();
    let target = api();
    let scene = scene(&fleet, &theme, &target);
    let mut panes = shown(Tab::Config, &fleet, &target);
    assert!(draw(panes.get(Tab::Config), &scene, 100, 5).contains("shop-api-2  2 of 2"));
    let answer = panes.get_mut(Tab::Config).act(Action::Right, &scene);
    assert_eq!(answer, Answer::effects(vec![Effect::Inspect(replica_id("shop-api-1"))]));
    assert!(draw(panes.get(Tab::Config), &scene, 100, 5).contains("shop-api-1  1 of 2"));
    let web = Target::Service(service(Some("shop"), "web"));
    let scene = super::fixture::scene(&fleet, &theme, &web);
    panes.get_mut(Tab::Config).show(&scene);
    assert!(matches!(panes.get_mut(Tab::Config).act(Action::Right, &scene), Answer::Refused(_)));
}

#[test]
fn finding_shows_matching_rows_under_their_headings() {
    let fleet = fleet();
    let theme = Theme::default();
    let target = api();
    let scene = scene(&fleet, &theme, &target);
    let mut panes = shown(Tab::Config, &fleet, &target);
    let pane = panes.get_mut(Tab::Config);
    pane.set_input(Input::Filter, "POSTGRES").unwrap();
    let drawn = draw(pane, &scene, 80, 10);
    let rows: Vec<_> = drawn.lines().filter(|l| !l.is_empty()).collect();
    assert_eq!(rows.len(), 2, "{drawn}");
    assert!(rows[0].starts_with("ENVIRONMENT") && rows[1].contains("postgres://app:••••@"), "{drawn}");
    pane.set_input(Input::Filter, "nowhere").unwrap();
    assert!(draw(pane, &scene, 80, 10).contains("nothing here contains 'nowhere'"));
    assert_eq!(pane.act(Action::Cancel, &scene), Answer::done());
    assert!(draw(pane, &scene, 80, 10).contains("IMAGE"));
    assert_eq!(pane.act(Action::Cancel, &scene), Answer::Pass);
}

#[test]
fn charts_stand_still_between_two_columns() {
    let fleet = fleet();
    let theme = Theme::default();
    let target = api();
    let panes = shown(Tab::Stats, &fleet, &target);
    let mut scene = scene(&fleet, &theme, &target);
    // The figures in the titles come from the newest sample, which stays the same here.
    let first = draw(panes.get(Tab::Stats), &scene, 120, 20);
    for second in 1..10 {
        scene.now = at(second);
        assert_eq!(draw(panes.get(Tab::Stats), &scene, 120, 20), first, "after {second} s");
    }
    scene.now = at(10);
    assert_ne!(draw(panes.get(Tab::Stats), &scene, 120, 20), first);
}

#[test]
fn the_hour_is_one_key_away() {
    let fleet = fleet();
    let theme = Theme::default();
    let target = api();
    let mut panes = shown(Tab::Stats, &fleet, &target);
    let scene = scene(&fleet, &theme, &target);
    assert!(draw(panes.get(Tab::Stats), &scene, 120, 20).contains("-4m"));
    panes.get_mut(Tab::Stats).act(Action::Right, &scene);
    let drawn = draw(panes.get(Tab::Stats), &scene, 120, 20);
    assert!(drawn.contains("-50m") && !drawn.contains("-4m"), "{drawn}");
}

#[test]
fn text_helper_skips_the_second_half_of_wide_characters() {
    let mut buf = Buffer::empty(Rect::new(0, 0, 5, 1));
    buf.set_string(0, 0, "日b", ratatui::style::Style::new());
    assert_eq!(text(&buf), "日b\n");
}

#[test]
fn charts_kept_up_to_date_equal_charts_made_anew() {
    let mut fleet = fleet();
    let theme = Theme::default();
    let target = shop();
    let mut kept = shown(Tab::Stats, &fleet, &target);
    for second in 1..=47 {
        let usage = crate::fleet::Usage { cpu: Some(second as f32 / 20.0), ..crate::fleet::Usage::default() };
        let usages = vec![(replica_id("shop-api-1"), usage)];
        fleet.apply(Observation::Sampled { at: at(second), usages });
        let mut scene = scene(&fleet, &theme, &target);
        scene.now = at(second);
        // Now and then the tab is not told for a while.
        if second % 7 != 0 && !(20..34).contains(&second) {
            kept.get_mut(Tab::Stats).observe(Changes::default(), &scene);
        }
        let mut anew = Panes::new(&Settings::default());
        anew.get_mut(Tab::Stats).set_viewport(80, 10);
        anew.get_mut(Tab::Stats).show(&scene);
        let draw = |panes: &Panes| draw(panes.get(Tab::Stats), &scene, 80, 10);
        // The oldest columns differ: what leaves the five minutes is thinned to averages of 15 s,
        // which a kept picture never looks at again. The figures beside the names are those of the
        // last time it was told.
        let charts = |drawn: String| -> Vec<String> {
            drawn.lines().flat_map(|l| l.split('│').skip(1)).map(|c| c.chars().skip(5).collect()).collect()
        };
        assert_eq!(charts(draw(&kept)), charts(draw(&anew)), "after {second} s");
    }
}
