//! Who is asked what, and what scrapes of servers on loopback come to, however those behave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::config::Settings;
use crate::engine::demo::{Demo, DemoOptions, Platform};
use crate::fleet::testing::running;
use crate::fleet::{EngineId, EngineInfo, Port, Protocol, Replica, ReplicaId, Scraped};
use crate::probe::{Asks, Lay, Tools, Work};

fn tools() -> Tools {
    let options = DemoOptions { platform: Platform::GroupBuying, services: None, seed: 7 };
    Tools::new(Arc::new(Demo::starting_at(options, Timestamp::UNIX_EPOCH)))
}

/// A running replica of `shop/api` at 127.0.0.1 that exposes `port`.
fn replica(port: u16, labels: &[(&str, &str)]) -> Replica {
    Replica {
        id: ReplicaId { engine: EngineId::new("docker"), id: "api-id".into() },
        ports: vec![Port { container: port, protocol: Protocol::Tcp, host: None }],
        addresses: vec!["127.0.0.1".parse().unwrap()],
        labels: Arc::new(labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()),
        ..running("shop", "api", "shop-api-1")
    }
}

fn local() -> Lay {
    let engine = EngineInfo { kind: "docker".into(), local: true, ..EngineInfo::default() };
    Lay::of(Some(&engine))
}

fn rules(text: &str) -> Rules {
    Rules::new(&Settings::read("c.toml", text).unwrap().metrics)
}

fn shown(targets: &[Target]) -> Vec<String> {
    targets.iter().map(|it| format!("{}: {} ({})", it.name, it.whole(), it.source)).collect()
}

#[test]
fn config_and_labels_say_who_is_asked_what() {
    let rules = rules(
        r#"
[[metrics]]
service = "shop/api"
http = "/metrics"
port = 9000
exec = [{ name = "lag", argv = ["lag-of", "{service}", "--password", "hunter2"] }]
[[metrics]]
service = "shop"
http = "http://u:hunter2@{service}.example:1/m"
[[metrics]]
service = "other"
http = "/metrics"
"#,
    );
    let (targets, wrong) = rules.of(&replica(80, &[("metrics", "true")]), &local());
    assert_eq!(wrong, [] as [&str; 0]);
    assert_eq!(
        shown(&targets),
        [
            "http :9000/metrics: GET http://127.0.0.1:9000/metrics (config [[metrics]] 1)",
            "exec lag: exec lag-of api --password •••• (config [[metrics]] 1)",
            "http http://u:••••@api.example:1/m: GET http://u:••••@api.example:1/m (config [[metrics]] 2)",
            "http /metrics: GET http://127.0.0.1:80/metrics (label quarterdeck.metrics)",
        ]
    );
    assert_eq!(targets[2].replica, None, "a URL is the service's");
    let service = replica(1, &[]).service;
    assert_eq!(rules.idle(&[&service]), ["other"]);
}

#[test]
fn labels_can_ask_for_nothing_but_ports_and_paths_and_are_told_so() {
    let labels = [
        ("metrics", "http://169.254.169.254/"),
        ("metrics.port", "0"),
        ("metrics.interval", "often"),
        ("metrics.exec", "rm -rf /"),
        ("metrics.prt", "1"),
    ];
    let (targets, wrong) = Rules::default().of(&replica(80, &labels), &local());
    assert_eq!(targets, []);
    assert_eq!(wrong.len(), labels.len(), "{wrong:#?}");
    assert!(wrong.iter().any(|it| it.contains("metrics.exec asks for a command")));
    let quick =
        [("metrics", "/m"), ("metrics.port", "81"), ("metrics.interval", "1ms"), ("metrics.timeout", "9h")];
    let (targets, wrong) = Rules::default().of(&replica(80, &quick), &local());
    assert_eq!(
        (shown(&targets), wrong),
        (vec!["http /m: GET http://127.0.0.1:81/m (label quarterdeck.metrics)".to_owned()], vec![])
    );
    let pace = targets[0].pace;
    assert_eq!((pace.interval, pace.timeout), (Duration::from_secs(1), Duration::from_secs(30)));
}

/// A server that answers each connection as `answer` does, told how many came before.
async fn server<F, A>(answer: A) -> SocketAddr
where
    A: Fn(TcpStream, u32) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = AtomicU32::new(0);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            tokio::spawn(answer(stream, count.fetch_add(1, Ordering::SeqCst)));
        }
    });
    address
}

async fn say(stream: &mut TcpStream, status: &str, body: &str) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all((head + body).as_bytes()).await;
}

/// What two scrapes of it say.
async fn ask(address: SocketAddr, more: &str) -> Scraped {
    let timeout = if more.contains("timeout") { "" } else { "timeout = '1s'\n" };
    let config = format!("[[metrics]]\nservice = '*'\nhttp = '/metrics'\n{timeout}{more}");
    let (targets, _) = rules(&config).of(&replica(address.port(), &[]), &local());
    let targets: Vec<Arc<Target>> = targets.into_iter().map(Arc::new).collect();
    pairs(&tools(), &targets, Some(Duration::from_millis(200))).await.remove(0)
}

fn value(scraped: &Scraped, name: &str) -> Option<f64> {
    scraped.result.as_ref().ok()?.iter().find(|it| &*it.name == name).map(|it| it.value)
}

#[tokio::test]
async fn two_scrapes_make_rates() {
    let address = server(|mut stream, n| async move {
        let text = format!(
            "http_requests_total{{code=\"200\"}} {}\nhttp_requests_total{{code=\"500\"}} {}\nbroken{{\nqueue 3\n",
            90 * n,
            10 * n
        );
        say(&mut stream, "200 OK", &text).await;
    })
    .await;
    let scraped = ask(address, "keep = [{ family = 'queue' }]").await;
    let rate = value(&scraped, "request_rate").unwrap();
    assert!(rate > 0.0 && rate <= 500.0, "{rate}");
    assert_eq!((value(&scraped, "error_rate"), value(&scraped, "queue")), (Some(0.1), Some(3.0)));
    assert_eq!(scraped.remark, None, "what nobody wants may be broken");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_words() {
    for (status, body, why) in [
        ("404 Not Found", "up 1", "status 404"),
        ("302 Found", "up 1", "status 302"),
        ("200 OK", "", "nothing in it is known or named in the config"),
        (
            "200 OK",
            "<html>\n<body>",
            "nothing in it is known or named in the config (2 lines can't be read, the first is line 1: \
             it begins with no name)",
        ),
    ] {
        let address = server(move |mut stream, _| async move { say(&mut stream, status, body).await }).await;
        let scraped = ask(address, "").await;
        assert_eq!(scraped.result, Err(why.into()));
        let complaint = scraped.complaint().unwrap();
        assert_eq!(complaint, format!("GET http://{address}/metrics: {why}"));
    }
    let address = server(|mut stream, _| async move {
        say(&mut stream, "200 OK", "queue 1\nqueue{x=\"} 2\nqueue two\n").await;
    })
    .await;
    let scraped = ask(address, "keep = [{ family = 'queue' }]").await;
    assert_eq!(value(&scraped, "queue"), Some(1.0));
    let remark = "2 lines can't be read, the first is line 2: a label's value does not end";
    assert_eq!(scraped.remark.as_deref(), Some(remark));
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(ask(nobody, "").await.result, Err("connection refused".into()));
}

#[tokio::test]
async fn servers_that_hang_drip_or_break_off_cost_their_timeout() {
    let hangs = server(|stream, _| async move {
        tokio::time::sleep(Duration::from_mins(10)).await;
        drop(stream);
    })
    .await;
    assert_eq!(ask(hangs, "").await.result, Err("no answer within 1 s".into()));
    let drips = server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(b"up 1\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(ask(drips, "").await.result, Err("its answer did not end within 1 s".into()));
    let breaks_off = server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nup 1\n").await;
    })
    .await;
    assert!(ask(breaks_off, "").await.result.is_err());
}

#[tokio::test]
async fn of_an_answer_without_end_the_beginning_is_used() {
    let address = server(|mut stream, n| async move {
        let head = format!("HTTP/1.1 200 OK\r\n\r\nhttp_requests_total{{code=\"200\"}} {}\n", n * 10);
        let _ = stream.write_all(head.as_bytes()).await;
        let more = format!("nobody_wants_this{{x=\"{}\"}} 1\n", "y".repeat(2_000)).repeat(500);
        while stream.write_all(more.as_bytes()).await.is_ok() {}
    })
    .await;
    let scraped = ask(address, "timeout = '5m'").await;
    assert!(value(&scraped, "request_rate").unwrap() > 0.0);
    assert_eq!(scraped.remark.as_deref(), Some("it is longer than 64 MiB: the rest is not read"));
}

#[test]
fn a_target_is_another_when_its_replica_starts_anew() {
    let rules = rules("[[metrics]]\nservice = '*'\nhttp = '/metrics'");
    let of = |started: i64| {
        let mut replica = replica(80, &[]);
        replica.started = Some(Timestamp::from_second(started).unwrap());
        rules.of(&replica, &local()).0.remove(0)
    };
    assert!(of(1).is_still(&of(1)) && !of(1).is_still(&of(2)));
    assert_eq!(of(1).key(), of(2).key());
}
