//! Attempts against real sockets on loopback, most of them hostile: whatever a target does, its
//! attempt ends within its timeout with a clause that says what the matter is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::{Expect, ProbeRule, Settings};
use crate::engine::demo::{Demo, DemoOptions};
use crate::fleet::{EngineId, Purpose, ReplicaId, ServiceId};
use crate::probe::attempt::attempt;
use crate::probe::target::{Pace, Source};

/// For targets that keep us waiting to the end.
const SHORT: Duration = Duration::from_millis(400);
/// For targets whose answer has to come first: a safety net, never waited for.
const LONG: Duration = Duration::from_secs(20);

fn tools() -> Tools {
    Tools::new(Arc::new(Demo::new(DemoOptions::default())))
}

fn service() -> ServiceId {
    ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: "auth-service".into() }
}

fn target(check: Check, goal: Goal) -> Target {
    Target {
        service: service(),
        replica: Some(ReplicaId { engine: EngineId::new("docker"), id: "c".into() }),
        name: "x".into(),
        purpose: Purpose::Liveness,
        source: Source::Config(1),
        check,
        goal,
        pace: Pace { timeout: LONG, ..Pace::default() },
        started: None,
    }
}

fn at(address: SocketAddr, check: Check) -> Target {
    let goal = Goal::Socket {
        host: address.ip().to_string().into(),
        port: address.port(),
        proxied: false,
        path: "/health".into(),
    };
    target(check, goal)
}

/// An HTTP check as a config writes it.
fn http(rule: &str) -> Check {
    let text = format!("[[probe]]\nservice = '*'\nhttp = '/health'\n{rule}");
    let rule: ProbeRule = Settings::read("c.toml", &text).unwrap().probes.remove(0);
    Check::Http(Arc::new(Http::new(&rule, &service(), false)))
}

/// A server that does `each` with every connection, until the test ends.
async fn serve<F: Future<Output = ()> + Send + 'static>(each: fn(TcpStream) -> F) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(each(stream));
        }
    });
    address
}

/// Read a request's head.
async fn head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => text.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// A server that gives every request this answer.
async fn answer(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                head(&mut stream).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
                let _ = stream.read(&mut [0]).await;
            });
        }
    });
    address
}

async fn says(address: SocketAddr, check: Check) -> Result<(), String> {
    says_within(LONG, address, check).await
}

async fn says_within(limit: Duration, address: SocketAddr, check: Check) -> Result<(), String> {
    let mut target = at(address, check);
    target.pace.timeout = limit;
    match attempt(&tools(), &target).await.outcome {
        Outcome::Passed => Ok(()),
        Outcome::Failed(why) => {
            assert!(!why.contains(|c: char| c.is_control()), "{why:?}");
            Err(why.to_string())
        }
        Outcome::Unknown(why) => panic!("can't tell: {why}"),
    }
}

#[tokio::test]
async fn status_body_and_json_must_be_as_expected() {
    let ok =
        "HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n{\"status\":\"ok\",\"service\":\"auth-service\"}  ";
    let other = "HTTP/1.1 200 OK\r\ncontent-length: 29\r\n\r\n{\"service\":\"order-service\"}  ";
    let sick = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nsick";
    let moved = "HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n";
    let named = "expect.json = { pointer = '/service', equals = '{service}' }";
    for (is, rule, wanted) in [
        (ok, "", Ok(())),
        (ok, named, Ok(())),
        (ok, "expect.body = '\"ok\"'", Ok(())),
        (ok, "expect.body = 'fine'", Err("the body does not match fine")),
        (ok, "expect.status = 204", Err("status 200, wanted 204")),
        (ok, "expect.json = { pointer = '/db', equals = true }", Err("the body has no /db")),
        (ok, "expect.json = { pointer = '/status', equals = 1 }", Err("/status is ok, not 1")),
        (other, named, Err("says order-service, not auth-service")),
        (sick, "", Err("status 503, wanted 200-399")),
        (sick, named, Err("status 503, wanted 200-399")),
        (moved, "", Ok(())),
        (moved, "expect.status = '2xx'", Err("status 302, wanted 200-299")),
        (moved, "redirects = 3", Err("redirects more than 3 times, or in a circle")),
    ] {
        let said = says(answer(is).await, http(rule)).await;
        assert_eq!(said, wanted.map_err(str::to_owned), "{rule}: {is}");
    }
}

#[tokio::test]
async fn what_is_sent_is_what_the_config_says() {
    let seen = Arc::new(tokio::sync::Mutex::new(Vec::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let kept = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            kept.lock().await.push(head(&mut stream).await);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    });
    let rule = "method = 'HEAD'\nheaders = { host = 'shop.example', x-token = 'hunter2' }";
    for _ in 0..2 {
        says(address, http(rule)).await.unwrap();
    }
    let seen = seen.lock().await;
    assert_eq!(seen.len(), 2, "a fresh connection each time");
    let sent = seen[0].to_ascii_lowercase();
    assert!(sent.starts_with("head /health http/1.1\r\n"), "{sent}");
    for header in ["host: shop.example\r\n", "x-token: hunter2\r\n", "user-agent: quarterdeck/"] {
        assert!(sent.contains(header), "{sent}");
    }
    let told = format!("{:?}", at(address, http(rule)));
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn a_header_that_is_nowhere_is_not_the_targets_fault() {
    let address = answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let check = http("headers = { x = 'env:QD_TEST_NO_SUCH_VARIABLE' }");
    let outcome = attempt(&tools(), &at(address, check)).await.outcome;
    assert_eq!(outcome, Outcome::Unknown("the variable QD_TEST_NO_SUCH_VARIABLE is not set".into()));
}

#[tokio::test]
async fn whatever_a_target_does_its_attempt_ends_and_says_what_the_matter_is() {
    // Each runs beside the others: what one costs, the others do not pay.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let hangs = serve(|stream| async move {
        let _kept = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let drips = serve(|mut stream| async move {
        head(&mut stream).await;
        for byte in b"HTTP/1.1 200 OK\r\n".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    let drips_its_body = serve(|mut stream| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        while stream.write_all(b".").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let endless = serve(|mut stream| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'a'; 8192]).await.is_ok() {}
    })
    .await;
    let endless_head = serve(|mut stream| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"x-more: and more and more and more\r\n").await.is_ok() {}
    })
    .await;
    let closes = serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    let around = answer("HTTP/1.1 302 Found\r\nlocation: /health\r\ncontent-length: 0\r\n\r\n").await;
    let garbage = serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"\x1b[31mnot HTTP at all\r\n\r\n").await;
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let silent = "no answer within 0.4 s";
    let cases = [
        (gone, http(""), Err("connection refused")),
        (gone, Check::Tcp, Err("connection refused")),
        (hangs, http(""), Err(silent)),
        (hangs, Check::Postgres, Err(silent)),
        (hangs, Check::Redis, Err(silent)),
        (hangs, Check::Tcp, Ok(())),
        (drips, http(""), Err(silent)),
        (drips_its_body, http(""), Err("its answer did not end within 5 s")),
        (drips_its_body, http("expect.status = 204"), Err("status 200, wanted 204")),
        (endless, http(""), Ok(())),
        (
            endless,
            http("expect.body = 'b'"),
            Err("the body (of which the first 64 KiB were read) does not match b"),
        ),
        (
            endless,
            http("expect.json = { pointer = '', equals = 1 }"),
            Err("the body is longer than 64 KiB: it is not read as JSON"),
        ),
        (endless_head, http(""), Err("the answer's head is too long")),
        (closes, http(""), Err("closed without an answer")),
        (closes, Check::Mongodb, Err("closed without an answer")),
        (around, http("redirects = 20"), Err("redirects more than 20 times, or in a circle")),
        (garbage, http(""), Err("the answer is not HTTP")),
        (garbage, Check::Kafka, Err("does not speak Kafka")),
    ];
    let all = cases.into_iter().map(|(address, check, wanted)| async move {
        let shown = format!("{check:?}");
        let limit = match wanted {
            Err(why) if why == silent => SHORT,
            Err(why) if why.contains("did not end") => Duration::from_secs(5),
            _ => LONG,
        };
        assert_eq!(says_within(limit, address, check).await, wanted.map_err(str::to_owned), "{shown}");
    });
    futures_util::future::join_all(all).await;
}

/// A server that speaks TLS with this certificate.
async fn tls(certificate: &'static [u8]) -> SocketAddr {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = include_bytes!("../../../tests/fixtures/tls/key.der");
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], PrivateKeyDer::try_from(&key[..]).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                head(&mut stream).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    address
}

#[tokio::test]
async fn certificates_are_judged_where_that_is_wanted_and_their_end_is_read() {
    let good = tls(include_bytes!("../../../tests/fixtures/tls/good.der")).await;
    let expired = tls(include_bytes!("../../../tests/fixtures/tls/expired.der")).await;
    let plain = serve(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 512]).await;
    })
    .await;
    let https = |strict: bool| {
        Check::Http(Arc::new(Http { verify_tls: strict, expect: Expect::default(), ..Http::plain(true) }))
    };
    for (address, strict, wanted, ends) in [
        (good, false, Ok(()), Some("2120-01-01T00:00:00Z")),
        (expired, false, Ok(()), Some("2020-02-01T00:00:00Z")),
        (good, true, Err("its certificate is not trusted (unknown issuer)"), None),
        (expired, true, Err("its certificate expired at 2020-02-01T00:00:00.000Z"), None),
        (plain, false, Err("it does not speak TLS"), None),
    ] {
        let done = attempt(&tools(), &at(address, https(strict))).await;
        let wanted = wanted.map_or_else(|why: &str| Outcome::Failed(why.into()), |()| Outcome::Passed);
        assert_eq!(done.outcome, wanted, "strict: {strict}");
        assert_eq!(done.certificate, ends.map(|at| at.parse().unwrap()));
    }
}

#[tokio::test]
async fn a_published_port_that_hangs_up_has_nobody_behind_it() {
    let proxy = serve(|stream| async move { drop(stream) }).await;
    let there = serve(|mut stream| async move {
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    for (address, proxied, passes) in [(proxy, true, false), (there, true, true)] {
        let mut target = at(address, Check::Tcp);
        if let Goal::Socket { proxied: it, .. } = &mut target.goal {
            *it = proxied;
        }
        let outcome = attempt(&tools(), &target).await.outcome;
        assert_eq!(outcome == Outcome::Passed, passes, "{outcome:?}");
    }
}

#[tokio::test]
async fn names_that_mean_nothing_say_so() {
    let goal = Goal::Url("http://no-such-host.invalid/health".into());
    let target = target(http(""), goal);
    let outcome = attempt(&tools(), &target).await.outcome;
    assert_eq!(outcome, Outcome::Failed("there is no host of the name no-such-host.invalid".into()));
}

/// What a check makes of these bytes.
async fn hears(check: Check, answer: &'static [u8]) -> Result<(), String> {
    let (mut ours, mut theirs) = tokio::io::duplex(MAX_ANSWER);
    theirs.write_all(answer).await.unwrap();
    theirs.shutdown().await.unwrap();
    let found = match check {
        Check::Postgres => postgres::run(&mut ours).await,
        Check::Redis => redis::run(&mut ours).await,
        Check::Mongodb => mongodb::run(&mut ours).await,
        Check::Kafka => kafka::run(&mut ours).await,
        _ => unreachable!(),
    };
    match found.unwrap_or_else(|error| words::io(&error)) {
        Outcome::Passed => Ok(()),
        Outcome::Failed(why) | Outcome::Unknown(why) => Err(why.to_string()),
    }
}

#[tokio::test]
async fn databases_say_whether_they_serve() {
    let error = |fields: &str| {
        let mut out = vec![b'E'];
        out.extend((fields.len() as u32 + 4).to_be_bytes());
        out.extend(fields.as_bytes());
        &*out.leak()
    };
    let starting = error("SFATAL\0C57P03\0Mthe database system is starting up\0\0");
    let full = error("SFATAL\0C53300\0Msorry, too many clients already\0\0");
    let no_such = error("SFATAL\0C28000\0Mno pg_hba.conf entry\0\0");
    for (check, bytes, wanted) in [
        (Check::Postgres, &b"R\0\0\0\x0c\0\0\0\x05salt"[..], Ok(())),
        (Check::Postgres, no_such, Ok(())),
        (Check::Postgres, starting, Err("the database system is starting up")),
        (Check::Postgres, full, Err("sorry, too many clients already")),
        (
            Check::Postgres,
            b"HTTP/1.1 400 Bad Request\r\n",
            Err("does not speak PostgreSQL: \"HTTP/1.1 400 Bad Request\""),
        ),
        (Check::Postgres, b"E\xff\xff\xff\xff", Err("does not speak PostgreSQL: \"E����\"")),
        (Check::Postgres, b"", Err("closed without an answer")),
        (Check::Redis, b"+PONG\r\n", Ok(())),
        (Check::Redis, b"-NOAUTH Authentication required.\r\n", Ok(())),
        (
            Check::Redis,
            b"-LOADING Redis is loading the dataset in memory\r\n",
            Err("Redis is loading the dataset in memory"),
        ),
        (Check::Redis, b"-ERR max number of clients reached\r\n", Err("max number of clients reached")),
        (Check::Redis, b"SSH-2.0-OpenSSH_9.2\r\n", Err("does not speak Redis: \"S\"")),
        (Check::Redis, b"", Err("closed without an answer")),
        (Check::Kafka, b"\0\0\0\x0a\0\0\x71\x64\0\0\0\0\0\0", Ok(())),
        (Check::Kafka, b"\0\0\0\x0a\0\0\x71\x64\0\x23\0\0\0\0", Ok(())),
        (Check::Kafka, b"\0\0\0\x0a\0\0\x71\x64\0\x07\0\0\0\0", Err("it refuses ApiVersions with error 7")),
        (Check::Kafka, b"\xff\xff\xff\xff\0\0\x71\x64", Err("does not speak Kafka")),
        (Check::Mongodb, b"HTTP/1.0 200 OK\r\nsomething", Err("does not speak MongoDB")),
    ] {
        let shown = format!("{check:?} {:?}", String::from_utf8_lossy(bytes));
        assert_eq!(hears(check, bytes).await, wanted.map_err(str::to_owned), "{shown}");
    }
}

/// A `MongoDB` answer with these fields: `b` a truth, `d` a number, `s` a text.
fn mongo(fields: &[(&str, char, &str)]) -> &'static [u8] {
    let mut document = Vec::new();
    for (name, kind, value) in fields {
        let (tag, bytes) = match kind {
            'b' => (0x08, vec![u8::from(*value == "true")]),
            'd' => (0x01, value.parse::<f64>().unwrap().to_le_bytes().to_vec()),
            'i' => (0x10, value.parse::<i32>().unwrap().to_le_bytes().to_vec()),
            's' => {
                let mut bytes = (value.len() as u32 + 1).to_le_bytes().to_vec();
                bytes.extend(value.as_bytes());
                bytes.push(0);
                (0x02, bytes)
            }
            _ => (0x03, b"\x05\0\0\0\0".to_vec()),
        };
        document.push(tag);
        document.extend(name.as_bytes());
        document.push(0);
        document.extend(bytes);
    }
    document.push(0);
    let mut out = Vec::new();
    for number in [16 + 5 + 4 + document.len() as u32, 9, 0x7164, 2013, 0] {
        out.extend(number.to_le_bytes());
    }
    out.push(0);
    out.extend((4 + document.len() as u32).to_le_bytes());
    out.extend(document);
    out.leak()
}

#[tokio::test]
async fn mongodb_serves_as_primary_or_secondary() {
    let ok = ("ok", 'd', "1");
    for (fields, wanted) in [
        (vec![("topologyVersion", 'o', ""), ("isWritablePrimary", 'b', "true"), ok], Ok(())),
        (vec![("isWritablePrimary", 'b', "false"), ("secondary", 'b', "true"), ok], Ok(())),
        (vec![("ismaster", 'b', "true"), ok], Ok(())),
        (
            vec![("isWritablePrimary", 'b', "false"), ("secondary", 'b', "false"), ok],
            Err("neither primary nor secondary: it starts or recovers"),
        ),
        (vec![("ok", 'd', "0"), ("code", 'i', "59"), ("errmsg", 's', "no such command")], Ok(())),
        (
            vec![("ok", 'd', "0"), ("code", 'i', "91"), ("errmsg", 's', "shutting \u{1b}[2Jdown")],
            Err("shutting down"),
        ),
    ] {
        assert_eq!(hears(Check::Mongodb, mongo(&fields)).await, wanted.map_err(str::to_owned), "{fields:?}");
    }
    // Cut or bent anywhere it makes no sense, and does no harm.
    let good = mongo(&[("isWritablePrimary", 'b', "true"), ok]);
    for at in 0..good.len() {
        let mut bent = good.to_vec();
        bent[at] ^= 0xff;
        let _ = hears(Check::Mongodb, bent.leak()).await;
        assert!(hears(Check::Mongodb, &good[..at]).await.is_err());
    }
}
