//! Whole plans as they are shown.

use super::*;
use crate::fleet::{State, Verb};

#[test]
fn a_deploy_over_three_replicas_overlaps_and_parks_them() {
    let set = Set::of(Platform::GroupBuying).image("group-buying/order-service:2.2.0", "sha256:0ddba11");
    let plan = set.one(deploy(":2.2.0"), "order-service").unwrap();
    insta::assert_snapshot!("deploy_overlap", picture(&plan));
}

#[test]
fn a_deploy_with_a_fixed_port_and_data_leaves_a_gap() {
    let set = Set::of(Platform::GroupBuying)
        .image("postgres:16.4-alpine", "sha256:90576")
        .set("postgres", |b| b.policy = "unless-stopped".into());
    let plan = set.one(deploy("postgres:16.4-alpine"), "postgres").unwrap();
    insta::assert_snapshot!("deploy_gap", picture(&plan));
}

#[test]
fn an_image_that_is_not_here_is_got_first_and_a_moved_tag_says_which() {
    let set = Set::of(Platform::GroupBuying)
        .no_image("group-buying/order-service:9")
        .with("redis", |r| r.image.reference = "redis:latest".into())
        .set("redis", |b| b.image.reference = "redis:latest".into())
        .image("redis:latest", "sha256:feedfacecafe0123");
    let pulled = set.one(deploy(":9"), "order-service").unwrap();
    assert!(pulled.only_newer);
    insta::assert_snapshot!("deploy_pull", picture(&pulled));
    let moved = set.one(redeploy(), "redis").unwrap();
    assert!(!moved.only_newer);
    insta::assert_snapshot!("deploy_moved", picture(&moved));
}

#[test]
fn what_did_not_run_is_replaced_and_stays_down() {
    let set = Set::of(Platform::GroupBuying).with("auth-service", |r| r.state = State::Exited);
    let plan = set.one(Change::Recreate, "auth-service").unwrap();
    insta::assert_snapshot!("recreate_stopped", picture(&plan));
}

#[test]
fn a_rollback_says_from_what_to_what() {
    let set = Set::of(Platform::GroupBuying).image("group-buying/payment-service:1.3.9", "sha256:139");
    let plan = set.one(rollback("group-buying/payment-service:1.3.9", "sha256:139"), "payment-service");
    insta::assert_snapshot!("rollback", picture(&plan.unwrap()));
}

#[test]
fn more_replicas_come_side_by_side_and_fewer_go_from_the_top() {
    let set = Set::of(Platform::GroupBuying);
    insta::assert_snapshot!("scale_up", picture(&set.one(Change::Scale { to: 5 }, "order-service").unwrap()));
    insta::assert_snapshot!(
        "scale_down",
        picture(&set.one(Change::Scale { to: 1 }, "order-service").unwrap())
    );
}

#[test]
fn limits_change_live_and_go_away_with_a_new_replica() {
    let set = Set::of(Platform::GroupBuying);
    let live = set.one(Change::Limit { cpus: Some(3.0), memory: None }, "group-buying-service").unwrap();
    insta::assert_snapshot!("limit_live", picture(&live));
    let away = set.one(Change::Limit { cpus: None, memory: Some(0) }, "warehouse-service").unwrap();
    insta::assert_snapshot!("limit_away", picture(&away));
}

#[test]
fn a_restart_rolls_with_gates_and_a_project_goes_layer_by_layer() {
    let set = Set::of(Platform::GroupBuying);
    let rolling = set.one(Change::Act(Verb::Restart), "order-service").unwrap();
    insta::assert_snapshot!("restart", picture(&rolling));
    let mut set = Set::of(Platform::Payments);
    set.replicas.iter_mut().for_each(|r| r.state = State::Exited);
    set.tell();
    let up = set.plan(Change::Up, &set.whole()).unwrap();
    insta::assert_snapshot!("up", picture(&up));
    let down = Set::of(Platform::Payments);
    insta::assert_snapshot!("down", picture(&down.plan(Change::Down, &down.whole()).unwrap()));
}

#[test]
fn json_is_stable() {
    let set = Set::of(Platform::GroupBuying).image("group-buying/payment-service:1.3.9", "sha256:139");
    let plan = set.one(rollback("group-buying/payment-service:1.3.9", "sha256:139"), "payment-service");
    insta::assert_snapshot!("json", serde_json::to_string_pretty(&plan.unwrap().json()).unwrap());
}
