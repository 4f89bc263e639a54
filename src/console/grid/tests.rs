//! Rows over the demo fleet: groups, orders, what survives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::{SignedDuration, Timestamp};

use super::{Column, Fold, Grid, Sort};
use crate::console::pane::Target;
use crate::engine::demo::{Platform, World};
use crate::fleet::Fleet;

fn fleet(services: usize) -> (World, Fleet, Timestamp) {
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let world = World::new(Platform::default(), Some(services), 3, now);
    let mut fleet = Fleet::new();
    fleet.apply(world.synced());
    for past in world.past() {
        fleet.apply(past);
    }
    (world, fleet, now)
}

fn grid(fleet: &Fleet, now: Timestamp, sort: Sort) -> Grid {
    let mut grid = Grid::default();
    grid.set_sort(sort);
    grid.all_changed();
    grid.refresh(fleet, now, 20);
    grid
}

fn targets(grid: &Grid) -> Vec<Target> {
    grid.rows().iter().map(|r| r.target.clone()).collect()
}

#[test]
fn projects_stay_groups_in_every_order() {
    let (_, fleet, now) = fleet(60);
    for column in Column::ALL {
        for reversed in [false, true] {
            let grid = grid(&fleet, now, Sort { column, reversed });
            let mut group = None;
            let mut seen = Vec::new();
            for row in grid.rows() {
                match &row.target {
                    Target::Project(project) => {
                        assert!(!seen.contains(project), "{column:?}: {project:?} twice");
                        seen.push(project.clone());
                        group = Some(project.clone());
                    }
                    Target::Service(id) => assert_eq!(group.as_ref(), Some(&id.project), "{column:?}"),
                    Target::Replica(_) => panic!("nothing is unfolded"),
                }
            }
            let services = grid.rows().iter().filter(|r| matches!(r.target, Target::Service(_))).count();
            assert_eq!(services, fleet.services().count(), "{column:?}");
        }
    }
}

#[test]
fn an_order_is_the_same_every_time_and_reversing_turns_figures_round() {
    let (_, fleet, now) = fleet(40);
    for column in Column::ALL {
        let sort = Sort { column, reversed: false };
        let once = grid(&fleet, now, sort);
        let again = grid(&fleet, now, sort);
        assert_eq!(targets(&once), targets(&again), "{column:?}");
        let mut turned = grid(&fleet, now, sort);
        turned.set_sort(Sort { column, reversed: true });
        turned.refresh(&fleet, now, 20);
        turned.set_sort(sort);
        turned.refresh(&fleet, now, 20);
        assert_eq!(targets(&once), targets(&turned), "{column:?}: there and back");
    }
    let memory = |grid: &Grid| {
        let first = grid.rows().iter().find_map(|r| match &r.target {
            Target::Service(id) => fleet.summary(id, now),
            _ => None,
        });
        first.unwrap().usage.memory
    };
    let most = grid(&fleet, now, Sort { column: Column::Mem, reversed: false });
    let least = grid(&fleet, now, Sort { column: Column::Mem, reversed: true });
    assert!(memory(&most) > memory(&least));
}

#[test]
fn a_large_fleet_keeps_its_order_for_a_moment() {
    let (_, fleet, now) = fleet(600);
    let mut grid = grid(&fleet, now, Sort { column: Column::Cpu, reversed: false });
    let before = targets(&grid);
    let later = now + SignedDuration::from_millis(100);
    grid.usage_changed();
    grid.refresh(&fleet, later, 20);
    assert_eq!(targets(&grid), before, "not again within a second");
}

#[test]
fn the_window_follows_the_selection_and_never_leaves_the_rows() {
    let (_, fleet, now) = fleet(100);
    let mut grid = grid(&fleet, now, Sort::default());
    for step in [5, 30, -7, 1000, -3, -2000, 60] {
        grid.move_by(step);
        for height in [20, 1, 0, 7, 500] {
            grid.refresh(&fleet, now, height);
            let (top, rows) = grid.visible();
            assert!(top + rows.len() <= grid.rows().len());
            if height > 0 {
                assert!((top..top + rows.len()).contains(&grid.index()), "{step} {height}");
                assert_eq!(rows.len(), usize::from(height).min(grid.rows().len()), "a page is full");
            }
        }
    }
}

#[test]
fn folding_hides_and_the_project_takes_the_selection() {
    let (_, fleet, now) = fleet(40);
    let mut grid = grid(&fleet, now, Sort::default());
    grid.move_by(3);
    let selected = grid.selected().cloned();
    grid.fold_all();
    grid.refresh(&fleet, now, 20);
    assert!(grid.rows().iter().all(|r| matches!(r.target, Target::Project(_)) && r.fold == Fold::Folded));
    assert!(matches!(grid.selected(), Some(Target::Project(_))));
    // Going there unfolds what hides it.
    assert!(grid.select(&selected.clone().unwrap(), &fleet));
    assert_eq!(grid.selected().cloned(), selected);
}
