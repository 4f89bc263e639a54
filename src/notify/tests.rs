//! Webhooks against a receiver on the loopback that may be away, refuse, or hang up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::alert::{End, Incident, Key, Occasion, Severity};
use crate::config::{Format, Signal, Webhook};
use crate::fleet::{EngineId, ServiceId};

fn incident(rule: &str) -> Incident {
    let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
    let service =
        ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: "api".into() };
    Incident {
        id: Some(7),
        key: Key { rule: rule.into(), service: Some(service) },
        severity: Severity::Critical,
        condition: "error_rate > 5%".into(),
        description: "Ask <!here> & there.".into(),
        figures: "error_rate 8.2%".into(),
        since: at(0),
        opened: at(300),
        closed: None,
        times: 1,
        muted: None,
        acknowledged: None,
        told: true,
    }
}

fn letter(id: i64, target: &str) -> Letter {
    Letter {
        id,
        target: target.into(),
        what: Occasion::Opened,
        incident: incident(&format!("Rule{id}")),
        host: "prod-1".into(),
    }
}

/// What a receiver took, and what it answers.
#[derive(Clone, Default)]
struct Receiver {
    taken: Arc<Mutex<Vec<(String, Value)>>>,
    /// Answers to give before `200`.
    answers: Arc<Mutex<Vec<&'static str>>>,
}

impl Receiver {
    async fn answer(self, mut wire: impl AsyncRead + AsyncWrite + Unpin) {
        let mut got = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&got).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    let status = self.answers.lock().unwrap().pop();
                    if status.is_none() {
                        self.taken
                            .lock()
                            .unwrap()
                            .push((head.to_owned(), serde_json::from_str(body).unwrap()));
                    }
                    let status = status.unwrap_or("200 OK");
                    let answer =
                        format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = wire.write_all(answer.as_bytes()).await;
                    let _ = wire.shutdown().await;
                    return;
                }
            }
            match wire.read(&mut buffer).await {
                Ok(n) if n > 0 => got.extend_from_slice(&buffer[..n]),
                _ => return,
            }
        }
    }

    async fn serve(self, listener: TcpListener) {
        loop {
            let (wire, _) = listener.accept().await.unwrap();
            tokio::spawn(self.clone().answer(wire));
        }
    }

    fn ids(&self) -> Vec<String> {
        self.taken.lock().unwrap().iter().map(|(_, body)| body["rule"].as_str().unwrap().to_owned()).collect()
    }
}

fn provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn target(hook: &Webhook) -> Target {
    provider();
    Target::of(hook, 1, &|_| None).unwrap()
}

fn hook(url: String) -> Webhook {
    Webhook { name: Some("ops".into()), url: Some(url), ..Webhook::default() }
}

/// A port on which nobody listens now.
async fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_receiver_that_was_away_gets_everything_that_was_promised_in_order() {
    let port = free().await;
    let mut outbox = Outbox::new(vec![target(&hook(format!("http://127.0.0.1:{port}/in?token=SECRET")))]);
    for id in 1..=3 {
        outbox.send(letter(id, "ops"));
    }
    // Away: the first attempt fails.
    while outbox.standing()[0].trouble.is_none() {
        tokio::task::yield_now().await;
    }
    let standing = outbox.standing();
    assert_eq!((standing[0].waiting, standing[0].sent), (3, 0));
    let trouble = standing[0].trouble.clone().unwrap();
    assert!(trouble.to_lowercase().contains("refused") && !trouble.contains("SECRET"), "{trouble}");

    let receiver = Receiver::default();
    receiver.answers.lock().unwrap().extend(["503 Service Unavailable", "429 Too Many Requests"]);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(receiver.clone().serve(listener));
    let mut settled = Vec::new();
    assert!(outbox.flush(Duration::from_mins(1), |one| settled.push(one)).await);
    assert_eq!(receiver.ids(), ["Rule1", "Rule2", "Rule3"]);
    assert_eq!(
        settled.iter().map(|one| (one.id, one.end.is_ok())).collect::<Vec<_>>(),
        [(1, true), (2, true), (3, true)]
    );
    let standing = outbox.standing();
    assert_eq!((standing[0].waiting, standing[0].sent, standing[0].dropped), (0, 3, 0));
    assert_eq!(standing[0].trouble, None);
}

#[tokio::test]
async fn who_refuses_for_good_is_not_asked_again_and_holds_nobody_up() {
    let port = free().await;
    let receiver = Receiver::default();
    receiver.answers.lock().unwrap().push("410 Gone");
    tokio::spawn(receiver.clone().serve(TcpListener::bind(("127.0.0.1", port)).await.unwrap()));
    let mut outbox = Outbox::new(vec![target(&hook(format!("http://127.0.0.1:{port}/")))]);
    outbox.send(letter(1, "ops"));
    outbox.send(letter(2, "ops"));
    outbox.send(letter(3, "nobody"));
    let mut settled = Vec::new();
    assert!(outbox.flush(Duration::from_mins(1), |one| settled.push(one)).await);
    settled.sort_by_key(|one| one.id);
    let ends: Vec<_> = settled.into_iter().map(|one| one.end.err().unwrap_or_default()).collect();
    assert_eq!(ends, ["it answers 410 Gone", "", "there is no webhook of that name any more"]);
    assert_eq!(receiver.ids(), ["Rule2"]);
}

#[tokio::test]
async fn a_queue_that_is_full_gives_up_the_oldest_and_counts_it() {
    // A receiver that takes the connection and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut outbox = Outbox::new(vec![target(&hook(format!("http://127.0.0.1:{port}/")))]);
    outbox.send(letter(1, "ops"));
    let (_held, _) = listener.accept().await.unwrap();
    for id in 2..=1002 {
        outbox.send(letter(id, "ops"));
    }
    assert_eq!(outbox.settled().await.id, 2, "the first is on the wire");
    assert_eq!(outbox.settled().await.id, 3);
    let standing = outbox.standing();
    assert_eq!((standing[0].waiting, standing[0].dropped), (1000, 2));
    assert!(!outbox.flush(Duration::from_millis(10), |_| {}).await, "it is away still");
}

#[tokio::test]
async fn tls_is_checked_against_the_authority_that_is_named() {
    provider();
    let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name);
    let chain = vec![CertificateDer::from_pem_file(fixture("certificate.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(fixture("key.pem")).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let receiver = Receiver::default();
    let at_the_door = receiver.clone();
    tokio::spawn(async move {
        loop {
            let (wire, _) = listener.accept().await.unwrap();
            if let Ok(wire) = acceptor.accept(wire).await {
                tokio::spawn(at_the_door.clone().answer(wire));
            }
        }
    });
    let strange = target(&hook(url.clone())).send(&letter(1, "ops")).await.unwrap_err();
    assert!(strange.why.to_lowercase().contains("certificate"), "{strange:?}");
    let known = Webhook { ca_file: Some(fixture("authority.pem")), ..hook(url) };
    target(&known).send(&letter(2, "ops")).await.unwrap();
    assert_eq!(receiver.ids(), ["Rule2"]);
}

#[tokio::test]
async fn addresses_and_headers_come_from_where_the_config_says_and_are_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "Bearer SECRET\n").unwrap();
    let receiver = Receiver::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/SECRET", listener.local_addr().unwrap().port());
    tokio::spawn(receiver.clone().serve(listener));
    let hook = Webhook {
        url_env: Some("HOOK".into()),
        headers: BTreeMap::from([
            ("Authorization".into(), format!("file:{}", file.display())),
            ("X-From".into(), "qd".into()),
        ]),
        ..Webhook::default()
    };
    provider();
    let set = |name: &str| (name == "HOOK").then(|| format!(" {url}\n"));
    let target = Target::of(&hook, 3, &set).unwrap();
    assert_eq!(target.name(), "127.0.0.1", "called by its host");
    assert!(!format!("{target:?}").contains("SECRET"));
    target.send(&letter(1, "")).await.unwrap();
    let (head, body) = receiver.taken.lock().unwrap()[0].clone();
    let head = head.to_lowercase();
    assert!(head.contains("authorization: bearer secret") && head.contains("x-from: qd"), "{head}");
    assert_eq!(body["summary"], "Rule1 on shop/api: error_rate 8.2%");

    let missing = Target::of(&hook, 3, &|_| None).unwrap_err();
    assert_eq!(missing.to_string(), "webhook 3: the variable HOOK is not set");
    let nowhere = Webhook { url_file: Some("/nonexistent/hook".into()), ..Webhook::default() };
    let error = Target::of(&nowhere, 1, &|_| None).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/hook can't be read"), "{error}");
    assert!(!error.remedy().is_empty());
    let odd = |_: &str| Some("mailto:SECRET".to_owned());
    let error = Target::of(&hook, 1, &odd).unwrap_err().to_string();
    assert!(error.contains("neither with https://") && !error.contains("SECRET"), "{error}");
}

#[test]
fn several_of_one_name_are_told_apart() {
    let same = || target(&hook("http://127.0.0.1:1/".into()));
    let mut targets = vec![same(), same(), same()];
    Target::tell_apart(&mut targets);
    assert_eq!(targets.iter().map(Target::name).collect::<Vec<_>>(), ["ops", "ops#2", "ops#3"]);
}

#[test]
fn what_is_told_to_whom() {
    let high =
        target(&Webhook { severity: Severity::High, resolved: false, ..hook("http://127.0.0.1:1/".into()) });
    let mut incident = incident("R");
    assert!(high.wants(Occasion::Opened, &incident) && !high.wants(Occasion::Closed, &incident));
    incident.severity = Severity::Medium;
    assert!(!high.wants(Occasion::Opened, &incident));
}

#[test]
fn bodies_say_it_all_and_mention_nobody() {
    let mut letter = letter(1, "ops");
    let plain = body(&letter, Format::Json);
    assert_eq!(
        (&plain["status"], &plain["severity"], &plain["subject"]),
        (&Value::from("open"), &Value::from("critical"), &Value::from("shop/api"))
    );
    assert_eq!(plain["since"], "2027-01-15T08:00:00.000Z");
    assert_eq!(plain["closed"], Value::Null);
    let chat = body(&letter, Format::Slack);
    insta::assert_snapshot!(chat["text"].as_str().unwrap(), @r"
    :red_circle: *critical* Rule1 on shop/api: error_rate 8.2% · prod-1
    Ask &lt;!here&gt; &amp; there.
    ");
    letter.what = Occasion::Closed;
    letter.incident.closed = Some((Timestamp::from_second(1_800_000_600).unwrap(), End::Over));
    assert_eq!(body(&letter, Format::Json)["ended"], "over");
    let chat = body(&letter, Format::Slack);
    insta::assert_snapshot!(chat["text"].as_str().unwrap(), @":white_check_mark: *closed* Rule1 on shop/api (over after 10 min) · prod-1");
}

#[test]
fn a_terminal_rings_and_nothing_in_the_words_gets_out_of_them() {
    let mut incident = incident("R");
    incident.figures = "a;b\x1b\\\x07\u{9c}\x1b]0;gone\x07".into();
    let bytes = ring(&[Signal::Bell, Signal::Osc9, Signal::Osc777], &incident, 0);
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text,
        "\x07\x1b]9;qd critical: R on shop/api: a;b\x1b\\\x1b]777;notify;qd critical;R on shop/api: a,b\x1b\\"
    );
    assert!(ring(&[], &incident, 1).is_empty());
}
