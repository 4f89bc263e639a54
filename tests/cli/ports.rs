//! Who has which port, on the demo fleet.

use super::*;

#[test]
fn a_port_that_two_services_want_is_called_out() {
    let user = User::new();
    let ran = user.qd(&["--demo=storefront", "ports", "3001"]);
    ran.expect(0, &[]);
    assert!(ran.out.contains("3001/tcp is held by storefront/"), "{}", ran.out);
    assert!(ran.out.contains("wants it too, and cannot start"), "{}", ran.out);
    for service in ["storefront/customer-web", "storefront/order-service"] {
        assert!(
            ran.out.lines().any(|line| line.starts_with("3001/tcp") && line.contains(service)),
            "{}",
            ran.out
        );
    }
    let json = user.qd(&["--demo=storefront", "ports", "3001", "-o", "json"]).json();
    assert_eq!((json["schema"].as_u64(), json["ports"].as_array().map(Vec::len)), (Some(1), Some(1)));
    assert_eq!(json["ports"][0]["clash"], true);
    assert_eq!(json["listeners"], true, "a demo's machine has processes, too");
    let claims = json["ports"][0]["claims"].as_array().unwrap();
    assert_eq!((&claims[0]["answers"], &claims[0]["bind"]), (&true.into(), &"*".into()));
    assert_eq!(claims[1]["rivals"][0], "storefront/customer-web");
    let unasked = user.qd(&["--demo=storefront", "ports", "3001", "--no-probe", "-o", "json"]).json();
    assert!(unasked["ports"][0]["claims"][0].get("answers").is_none());
}

#[test]
fn ports_are_asked_for_by_number_and_by_service() {
    let user = User::new();
    user.demo(&["ports", "4"]).expect(0, &[]);
    let free = user.demo(&["ports", "4"]);
    assert!(free.out.starts_with("4 is free"), "{}", free.out);
    let api = user.demo(&["ports", "payments/api"]);
    assert!(api.out.contains("3000/tcp") && !api.out.contains("3001/tcp"), "{}", api.out);
    let all = user.demo(&["ports"]);
    assert!(all.out.contains("sshd (pid 801)") && all.out.contains("127.0.0.1"), "{}", all.out);
    assert!(all.err.contains("seen by root only"), "{}", all.err);
    user.demo(&["ports", "70000"]).expect(2, &["is no port", "1 to 65535"]);
    user.demo(&["ports", "nosuch"]).expect(2, &["no service"]);
}

#[test]
fn a_check_names_the_port_that_two_want_and_why_one_of_them_is_down() {
    let user = User::new();
    let why = "could not start: port 3001 is held by storefront/customer-web";
    let clash = "3001/tcp is held by storefront/customer-web; storefront/order-service wants it too";
    let ran = user.qd(&["--demo=storefront", "check"]);
    ran.expect(1, &[clash]);
    assert!(ran.out.lines().any(|line| line.contains("order-service") && line.contains(why)), "{}", ran.out);
    // Asked about those only that it concerns.
    let json = user.qd(&["--demo=storefront", "check", "customer-web", "-o", "json"]);
    let warnings = |ran: &Ran| serde_json::from_str::<Value>(&ran.out).unwrap()["warnings"].to_string();
    assert!(warnings(&json).contains(clash), "{}", json.out);
    let other = user.qd(&["--demo=storefront", "check", "cart-service", "-o", "json"]);
    assert_eq!(warnings(&other), "[]");
    let line = user.qd(&["--demo=storefront", "check", "order-service", "-o", "nagios"]);
    assert!(line.out.starts_with("QD CRITICAL") && line.out.contains(clash), "{}", line.out);
}
