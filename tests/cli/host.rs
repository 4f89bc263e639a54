//! The machine, on the demo fleet.

use super::*;

#[test]
fn the_machine_is_told_with_its_disks() {
    let user = User::new();
    let ran = user.demo(&["host"]);
    ran.expect(0, &[]);
    for words in ["of 8 cores", "swap", "pressure", "/var/lib/docker", "engine data", "--disk adds up"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let json = user.demo(&["host", "-o", "json"]).json();
    assert_eq!((json["schema"].as_u64(), json["disks"].as_array().map(Vec::len)), (Some(1), Some(2)));
    assert!(json["swap_total"].as_u64() > json["swap"].as_u64(), "{json}");
    assert!(json.get("engine").is_none(), "not asked for");
}

#[test]
fn what_the_engine_keeps_is_told_when_asked() {
    let user = User::new();
    let ran = user.demo(&["host", "--disk"]);
    ran.expect(0, &[]);
    for words in ["images", "build cache", "RECLAIMABLE", "together"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let json = user.demo(&["host", "--disk", "-o", "json"]).json();
    let images = &json["engine"]["images"];
    assert!(images["count"].as_u64() > images["active"].as_u64(), "{images}");
    user.qd(&["-H", "unix:///nowhere.sock", "host"]).expect(3, &["there is no such socket"]);
}
