//! `qd metrics`, and alerts on what it finds: over the demo fleet and the made-up engine, and a server
//! on loopback that counts.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use super::fake::Fake;
use super::*;

/// A service that has served a hundred requests more each time it is asked, a tenth of them badly.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (n, mut stream) in listener.incoming().flatten().enumerate() {
            let read = stream.read(&mut [0; 4096]);
            let asked = 100 * n;
            let text = format!(
                "# TYPE http_requests_total counter\n\
                 http_requests_total{{code=\"200\"}} {}\nhttp_requests_total{{code=\"503\"}} {}\n\
                 this line is garbage\n\
                 http_request_duration_seconds_bucket{{le=\"0.1\"}} {asked}\n\
                 http_request_duration_seconds_bucket{{le=\"+Inf\"}} {asked}\n\
                 db_connections{{state=\"active\"}} 7\n",
                asked - asked / 10,
                asked / 10
            );
            assert!(read.is_ok());
            let length = text.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
            );
        }
    });
    address
}

/// Who scrapes `service` there, and somewhere where nobody is.
fn scraper(service: &str, address: SocketAddr) -> String {
    format!(
        "[[metrics]]\nservice = '{service}'\nhttp = 'http://{address}/metrics'\ninterval = '1s'\n\
         keep = [{{ family = 'db_connections', unit = 'conns' }}]\n"
    )
}

fn values(json: &Value, service: &str) -> Vec<(String, f64, String)> {
    let all = json["services"].as_array().unwrap();
    let one = all.iter().find(|it| it["service"] == service).unwrap();
    let word = |it: &Value| it.as_str().unwrap().to_owned();
    let values = one["values"].as_array().unwrap().iter();
    values.map(|it| (word(&it["name"]), it["value"].as_f64().unwrap(), word(&it["unit"]))).collect()
}

#[test]
fn what_services_say_is_printed_with_units_and_what_they_do_not_with_the_reason() {
    let user = User::with_config(&scraper("payments/api", server()));
    let ran = user.demo(&["metrics", "payments/api", "--over", "500ms"]);
    ran.expect(0, &[]);
    let row = |name: &str| ran.out.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(row("request_rate").contains("/s"), "{}", ran.out);
    assert!(row("error_rate").contains("10%"), "{}", ran.out);
    assert!(row("p95_response_time").contains("95ms"), "{}", ran.out);
    assert!(row("db_connections").contains("7 conns"), "{}", ran.out);
    assert!(!ran.out.contains("can't be read"), "what nobody wants may be broken: {}", ran.out);
    let json = user.demo(&["metrics", "-o", "json", "payments/api", "--once"]).json();
    let found = values(&json, "payments/api");
    assert!(found.contains(&("db_connections".into(), 7.0, "conns".into())), "{found:?}");

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let broken = scraper("payments/api", nobody) + "[[metrics]]\nservice = 'nobody/*'\nhttp = '/metrics'\n";
    let user = User::with_config(&broken);
    let ran = user.demo(&["metrics", "--once"]);
    ran.expect(1, &["\"nobody/*\" is about no service here"]);
    let complaint = format!("GET http://{nobody}/metrics: connection refused");
    assert!(ran.out.contains(&complaint), "{}", ran.out);
    let ran = user.demo(&["metrics", "-o", "json", "payments/api", "--once"]);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, 1);
    assert_eq!(json["services"][0]["sources"][0]["error"], "connection refused");
    assert_eq!(json["services"][0]["sources"][0]["asked"], format!("GET http://{nobody}/metrics"));
    user.demo(&["metrics", "no-such-thing"]).expect(2, &["no-such-thing"]);
}

#[test]
fn where_nothing_is_asked_it_says_how_to() {
    let user = User::new();
    let fake = Fake::start(&user);
    fake.qd(&user, &["metrics"]).expect(0, &["no metrics: add [[metrics]] to the config"]);
}

#[test]
fn an_alert_fires_on_what_is_scraped() {
    const RULES: &str = "alerts:
  - {name: Errors, condition: error_rate > 5%, severity: high}
  - {name: Busy, condition: db_connections > 5 and request_rate > 1}
  - {name: Slow, condition: p95_response_time > 200ms}
";
    let config = format!("[alerts]\nrules = ['alerts.yaml']\ndefaults = false\n{}", scraper("*", server()));
    let user = User::with_config(&config);
    std::fs::write(user.home.path().join("config/alerts.yaml"), RULES).unwrap();
    let fake = Fake::start(&user);
    let ran = fake.qd(&user, &["watch", "--once"]);
    assert_eq!(ran.code, 1, "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("Errors on ") && ran.out.contains("error_rate 10%"), "{}", ran.out);
    assert!(ran.out.contains("Busy on ") && ran.out.contains("db_connections 7"), "{}", ran.out);
    assert!(!ran.out.contains("Slow"), "{}", ran.out);
}
