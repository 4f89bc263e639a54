//! `qd check` and `qd probe`, over the demo fleet and a server on loopback that can be told to be
//! sick.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::*;

/// A server that answers its first `sick` requests with 503 and all others with 200.
fn server(sick: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let status = if count.fetch_add(1, Ordering::SeqCst) < sick { "503 Sick" } else { "200 OK" };
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, asked)
}

/// Who probes `payments/api` there.
fn prober(address: SocketAddr) -> User {
    User::with_config(&format!(
        "[[probe]]\nservice = 'payments/api'\nname = 'front page'\nhttp = 'http://{address}/'\n\
         interval = '200ms'\nretries = 2\n[[probe]]\nservice = 'nobody/*'\ntcp = 1\n"
    ))
}

#[test]
fn check_says_who_is_not_healthy_and_exits_by_it() {
    let user = User::new();
    let ran = user.demo(&["check"]);
    ran.expect(1, &[]);
    assert!(ran.out.contains("payments/api") && ran.out.contains("not healthy"), "{}", ran.out);
    let ran = user.demo(&["check", "payments/api"]);
    ran.expect(0, &[]);
    assert!(ran.out.contains("✔") && ran.out.contains("the service is healthy"), "{}", ran.out);
    let ran = user.demo(&["check", "--quiet", "payments/api"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    user.demo(&["check", "no-such-thing"]).expect(2, &["no-such-thing"]);
    let ran = user.demo(&["check", "-o", "json"]);
    assert_eq!(ran.code, 1);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&json["healthy"], &json["verdict"]), (&Value::Bool(false), &"broken".into()));
}

#[test]
fn monitoring_gets_its_line_and_its_codes() {
    let user = User::new();
    let well = user.demo(&["check", "-o", "nagios", "payments/api"]);
    assert_eq!((well.code, well.err.as_str()), (0, ""));
    assert!(well.out.starts_with("QD OK - the service is healthy | healthy=1 unhealthy=0"), "{}", well.out);
    let broken = user.demo(&["check", "-o", "nagios"]);
    assert_eq!(broken.code, 2, "{}", broken.out);
    assert!(broken.out.starts_with("QD CRITICAL - payments/") && broken.out.lines().count() == 1);
    assert_eq!(broken.out.matches('|').count(), 1, "{}", broken.out);
    let gone = user.qd(&["check", "-o", "nagios"]);
    assert_eq!(gone.code, 3);
    assert!(gone.out.starts_with("QD UNKNOWN - ") && gone.err.is_empty(), "{} {}", gone.out, gone.err);
    user.qd(&["check"]).expect(3, &["docker"]);
    user.qd(&["check", "--wait", "1s"]).expect(3, &["waiting for"]);
}

#[test]
fn waiting_ends_when_all_is_well_or_the_time_is_up() {
    let (address, asked) = server(2);
    let ran = prober(address).demo(&["check", "payments/api", "--wait", "60s"]);
    ran.expect(0, &["waiting for payments/api (unhealthy: front page: status 503, wanted 200-399)"]);
    assert_eq!(asked.load(Ordering::SeqCst), 3, "once each time");
    let (address, _) = server(usize::MAX);
    let ran = prober(address).demo(&["check", "payments/api", "--wait", "1s"]);
    ran.expect(1, &["waiting for"]);
    assert!(ran.out.contains("front page: status 503"), "{}", ran.out);
}

#[test]
fn probes_are_listed_with_where_they_come_from_and_what_they_come_to() {
    let (address, _) = server(usize::MAX);
    let user = prober(address);
    let ran = user.demo(&["probe", "list"]);
    ran.expect(0, &["\"nobody/*\" is about no service here"]);
    let row = |name: &str| ran.out.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    let config = row("front page");
    for word in
        ["payments/api", "config [[probe]] 1", &address.to_string(), "0.2 s", "status 503, wanted 200-399"]
    {
        assert!(config.contains(word), "{word}: {config}");
    }
    assert!(row("http /health").contains("label quarterdeck.probe.http"), "{}", ran.out);
    let json = user.demo(&["probe", "list", "-o", "json", "payments/api"]).json();
    let probes = json["probes"].as_array().unwrap();
    assert!(probes.iter().all(|probe| probe["service"] == "payments/api"));
    let front = probes.iter().find(|probe| probe["name"] == "front page").unwrap();
    assert_eq!((&front["passed"], &front["replica"]), (&Value::Bool(false), &Value::Null));
}

#[test]
fn what_is_discovered_is_config_that_works() {
    let user = User::new();
    let ran =
        user.qd(&["--demo=group-buying,seed=7", "probe", "discover", "nginx", "postgres", "auth-service"]);
    ran.expect(0, &["looking at 3 services"]);
    for block in [
        "service = \"group-buying/nginx\"\nhttp = \"/healthz\"\nport = 80\n",
        "service = \"group-buying/postgres\"\npostgres = 5432\n",
        "port = 3001\nexpect.json = { pointer = \"/service\", equals = \"{service}\" }\n",
    ] {
        assert!(ran.out.contains(block), "{block}\nis not in\n{}", ran.out);
    }
    let user = User::with_config(&ran.out);
    let json = user.qd(&["--demo=group-buying,seed=7", "probe", "list", "-o", "json"]).json();
    let configured = json["probes"].as_array().unwrap().iter();
    let configured = configured.filter(|probe| probe["source"].as_str().unwrap().starts_with("config"));
    let passed: Vec<&Value> = configured.map(|probe| &probe["passed"]).collect();
    assert_eq!(passed, [true; 3]);
}

#[test]
fn a_watched_row_turns_red_for_what_its_probe_finds_and_green_again() {
    let (address, asked) = server(30);
    let user = prober(address);
    let script = "qd --demo=payments,seed=7 status --watch -o json payments/api | \
                  grep -m1 -o '\"front page: status 503, wanted 200-399\"' && \
                  qd --demo=payments,seed=7 check payments/api --wait 60s >/dev/null";
    let ran = user.shell(script);
    assert_eq!((ran.code, ran.out.trim()), (0, "\"front page: status 503, wanted 200-399\""), "{}", ran.err);
    assert!(asked.load(Ordering::SeqCst) > 30);
}
