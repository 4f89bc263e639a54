//! On duty with a fleet that breaks and mends, and with somebody else beside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver as Received;

use super::*;
use crate::alert::parse;
use crate::config::Webhook;
use crate::fleet::testing::{at, exited, running, synced};
use crate::fleet::{EngineInfo, Observation};
use crate::journal::{IncidentQuery, NewOperation, OperationEnd, OperationState};

const RULES: &str = "- {name: Down, condition: down, severity: critical}";

fn me(name: &str) -> Who {
    Who { user: name.into(), ..Who::current(&|_| None) }
}

/// A receiver that takes everything, and what it took: `open Down`, ….
async fn receiver() -> (Vec<Target>, String, Received<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut wire, _) = listener.accept().await.unwrap();
            let mut got = String::new();
            let mut buffer = [0; 4096];
            while !got.ends_with('}') {
                match wire.read(&mut buffer).await {
                    Ok(n) if n > 0 => got.push_str(&String::from_utf8_lossy(&buffer[..n])),
                    _ => break,
                }
            }
            let body: serde_json::Value =
                serde_json::from_str(got.split_once("\r\n\r\n").unwrap().1).unwrap();
            let _ =
                wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            let word = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
            let _ = tell.send(format!("{} {} on {}", word("status"), word("rule"), word("host")));
        }
    });
    (hooks(&url), url, told)
}

fn hooks(url: &str) -> Vec<Target> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let hook = Webhook { name: Some("ops".into()), url: Some(url.into()), ..Webhook::default() };
    let (targets, wrong) = brief::targets(&[hook], &|_| None);
    assert_eq!(wrong, []);
    targets
}

fn duty(journal: Option<&Journal>, name: &str, targets: Vec<Target>) -> Duty {
    let rules = Rules::of(Vec::new(), parse("r", RULES).rules, &[]);
    Duty::begin(Posting { rules, targets, journal: journal.cloned(), who: me(name), once: false })
}

fn fleet(down: bool) -> Fleet {
    let api = running("shop", "api", "shop-api-1");
    let api = if down { exited(api, 1, 1) } else { api };
    let mut fleet = Fleet::new();
    let engine = EngineInfo { instance: "one".into(), host: "prod-1".into(), ..EngineInfo::default() };
    fleet.apply(Observation::Engine(engine));
    fleet.apply(Observation::Link(Link::Live));
    fleet.apply(synced(1, &[api]));
    fleet
}

/// Look until the journal has told what it has; then what changed.
async fn look(duty: &mut Duty, fleet: &Fleet, second: i64) -> usize {
    loop {
        let changes = duty.look(fleet, at(second));
        if duty.instance.as_ref().is_some_and(|(_, met)| *met) {
            return changes.len();
        }
        let word = duty.word().await;
        duty.take(word, at(second));
    }
}

/// Take words until one of the incidents is as wanted.
async fn until(duty: &mut Duty, second: i64, wanted: impl Fn(&Duty) -> bool) {
    while !wanted(duty) {
        let word = duty.word().await;
        duty.take(word, at(second));
    }
}

#[tokio::test]
async fn what_breaks_is_told_and_written_down_and_so_is_its_end() {
    let journal = Journal::in_memory().unwrap();
    let (targets, _, mut told) = receiver().await;
    let mut duty = duty(Some(&journal), "ada", targets);
    assert_eq!(look(&mut duty, &fleet(true), 10).await, 1);
    assert_eq!(told.recv().await.unwrap(), "open Down on prod-1");
    until(&mut duty, 10, |duty| duty.incidents()[0].id == Some(1)).await;
    let key = duty.incidents()[0].key.clone();
    assert!(duty.acknowledge(&key, "on it", at(10)).is_none(), "the journal answers");
    until(&mut duty, 10, |duty| duty.incidents()[0].acknowledged.is_some()).await;
    duty.order(Order::Acknowledge { id: 99, note: String::new() });
    let refused = loop {
        let word = duty.word().await;
        if let Some(words) = duty.take(word, at(10)) {
            break words;
        }
    };
    assert!(refused.contains("no open incident 99"), "{refused}");
    assert_eq!(look(&mut duty, &fleet(false), 20).await, 1);
    assert_eq!(told.recv().await.unwrap(), "closed Down on prod-1");
    let standing = duty.end(Duration::from_secs(30)).await;
    assert_eq!((standing[0].sent, standing[0].waiting), (2, 0));
    let [(instance, incident)] =
        journal.incidents(IncidentQuery::default()).await.unwrap().try_into().unwrap();
    assert_eq!((&*instance, incident.closed.unwrap().0), ("one", at(20)));
    assert_eq!(journal.notices("one").await.unwrap().promised, 0, "all was settled");
}

#[tokio::test]
async fn two_on_duty_beside_each_other_tell_once() {
    let journal = Journal::in_memory().unwrap();
    let (targets, url, mut told) = receiver().await;
    let (mut one, mut two) = (duty(Some(&journal), "ada", targets), duty(Some(&journal), "bob", hooks(&url)));
    // Both know that nothing is open yet.
    assert_eq!(look(&mut one, &fleet(false), 1).await + look(&mut two, &fleet(false), 1).await, 0);
    for round in 0..3_i64 {
        let second = 10 + round * 2000;
        assert_eq!(look(&mut one, &fleet(true), second).await, 1);
        assert_eq!(look(&mut two, &fleet(true), second).await, 1);
        let wanted = Some(round + 1);
        until(&mut one, second, |duty| duty.incidents()[0].id == wanted).await;
        until(&mut two, second, |duty| duty.incidents()[0].id == wanted).await;
        assert_eq!(look(&mut two, &fleet(false), second + 5).await, 1);
        assert_eq!(look(&mut one, &fleet(false), second + 6).await, 1);
        assert_eq!(told.recv().await.unwrap(), "open Down on prod-1");
        assert_eq!(told.recv().await.unwrap(), "closed Down on prod-1");
    }
    one.end(Duration::from_secs(30)).await;
    two.end(Duration::from_secs(30)).await;
    assert!(told.try_recv().is_err(), "nothing was told twice");
    assert_eq!(journal.incidents(IncidentQuery::default()).await.unwrap().len(), 3);
}

#[tokio::test]
async fn who_comes_later_knows_what_is_open_and_keeps_what_was_promised() {
    let journal = Journal::in_memory().unwrap();
    // Nobody listens: the promise can't be kept.
    let away = hooks("http://127.0.0.1:1/");
    let mut first = duty(Some(&journal), "ada", away);
    look(&mut first, &fleet(true), 10).await;
    until(&mut first, 10, |duty| duty.incidents()[0].id == Some(1)).await;
    first.end(Duration::ZERO).await;
    assert_eq!(journal.notices("one").await.unwrap().promised, 1);

    let (targets, _, mut told) = receiver().await;
    let mut second = duty(Some(&journal), "bob", targets);
    assert_eq!(look(&mut second, &fleet(true), 20).await, 0, "it is open already");
    assert_eq!(second.incidents()[0].opened, at(10));
    assert_eq!(told.recv().await.unwrap(), "open Down on prod-1", "of the one before");
    second.end(Duration::from_secs(30)).await;
    assert_eq!(journal.notices("one").await.unwrap().promised, 0);
}

#[tokio::test]
async fn without_a_journal_it_is_told_all_the_same() {
    let (targets, _, mut told) = receiver().await;
    let mut duty = duty(None, "ada", targets);
    look(&mut duty, &fleet(true), 10).await;
    look(&mut duty, &fleet(false), 20).await;
    assert_eq!(told.recv().await.unwrap(), "open Down on prod-1");
    assert_eq!(told.recv().await.unwrap(), "closed Down on prod-1");
}

#[tokio::test]
async fn while_somebody_deploys_nothing_opens() {
    let journal = Journal::in_memory().unwrap();
    let service = running("shop", "api", "shop-api-1").service;
    let operation = NewOperation {
        instance: "one".into(),
        host: String::new(),
        endpoint: String::new(),
        services: vec![service.clone()],
        change: "deploy".into(),
        sentence: "deploy shop/api".into(),
        plan: "{}".into(),
        images: Vec::new(),
        who: me("eve"),
    };
    let id = journal.begin(operation).await.unwrap();
    let mut duty = duty(Some(&journal), "ada", Vec::new());
    assert_eq!(look(&mut duty, &fleet(true), 10).await, 0);
    assert_eq!(&*duty.muted(&service, at(10)).unwrap().why, "deploy by eve is running");
    let end = OperationEnd { state: OperationState::Done, sentence: String::new(), took: Duration::ZERO };
    journal.ended(id, end).await.unwrap();
    until(&mut duty, 20, |duty| duty.muted(&service, at(20)).is_none()).await;
    assert_eq!(look(&mut duty, &fleet(true), 20).await, 1);
}

#[tokio::test]
async fn an_engine_that_never_answered_is_told_too() {
    let (targets, _, mut told) = receiver().await;
    let journal = Journal::in_memory().unwrap();
    let rules = Rules::of(Vec::new(), parse("r", "- {name: Lost, condition: engine_lost}").rules, &[]);
    let posting = Posting { rules, targets, journal: Some(journal.clone()), who: me("ada"), once: true };
    let mut duty = Duty::begin(posting);
    let mut fleet = Fleet::new();
    assert_eq!(duty.look(&fleet, at(1)).len(), 0, "nobody has tried yet");
    let lost =
        Link::Lost { why: "connection refused".into(), remedy: String::new(), retry_in: Duration::ZERO };
    fleet.apply(Observation::Link(lost));
    assert_eq!(look(&mut duty, &fleet, 2).await, 1);
    assert_eq!(told.recv().await.unwrap(), "open Lost on ");
    duty.end(Duration::from_secs(30)).await;
    let found = journal.incidents(IncidentQuery::default()).await.unwrap();
    assert_eq!(found[0].1.sentence(), "Lost on host: connection refused");
}

#[tokio::test]
async fn without_a_journal_it_can_be_acknowledged_and_silenced_here() {
    let mut duty = duty(None, "ada", Vec::new());
    look(&mut duty, &fleet(true), 10).await;
    let incident = duty.incidents()[0].clone();
    let word = duty.acknowledge(&incident.key, "on it", at(11));
    assert!(
        matches!(&word, Some(Word::Done(words)) if words.starts_with("acknowledged: Down on ")),
        "{word:?}"
    );
    let seen = duty.incidents()[0].acknowledged.clone().unwrap();
    assert_eq!((&*seen.who, &*seen.note, seen.at), ("ada", "on it", at(11)));
    for target in ["shop/api", "Down"] {
        let word = duty.silence(target, at(3611), "swap", at(11));
        assert!(
            matches!(&word, Some(Word::Done(words)) if words.ends_with(" is silenced for 1 h")),
            "{word:?}"
        );
    }
    duty.look(&fleet(true), at(12));
    assert!(duty.incidents()[0].muted.is_some());
    let ids: Vec<i64> = duty.silences().iter().map(|silence| silence.id).collect();
    assert_eq!(ids, [1, 2]);
    duty.lift(vec![1]);
    duty.look(&fleet(true), at(13));
    assert!(duty.incidents()[0].muted.is_some(), "the other one still holds");
    duty.lift(vec![2]);
    duty.look(&fleet(true), at(14));
    assert!(duty.incidents()[0].muted.is_none());
    duty.look(&fleet(false), at(20));
    assert_eq!(duty.over().map(|it| it.closed.unwrap().0).collect::<Vec<_>>(), [at(20)]);
    let word = duty.acknowledge(&incident.key, "", at(21));
    assert!(matches!(word, Some(Word::Refused(words)) if words.contains("over by now")));
    duty.look(&fleet(false), at(20 + 25 * 3600));
    assert_eq!(duty.over().count(), 0, "yesterday's news");
}

#[tokio::test]
async fn silences_and_what_is_over_are_everybodys() {
    let journal = Journal::in_memory().unwrap();
    let mut one = duty(Some(&journal), "ada", Vec::new());
    look(&mut one, &fleet(true), 10).await;
    until(&mut one, 10, |duty| duty.incidents()[0].id == Some(1)).await;
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let until_then = now + jiff::SignedDuration::from_hours(2);
    assert!(one.silence("Down", until_then, "swap", now).is_none(), "the journal answers");
    until(&mut one, 10, |duty| !duty.silences().is_empty()).await;
    let silence = one.silences()[0].clone();
    assert_eq!((&*silence.who, &*silence.reason, silence.until), ("ada", "swap", until_then));
    // Closed now, so that it is of today.
    assert_eq!(one.look(&fleet(false), now).len(), 1);
    one.end(Duration::from_secs(30)).await;

    let mut two = duty(Some(&journal), "bob", Vec::new());
    let later = now.duration_since(at(0)).as_secs() + 1;
    assert_eq!(look(&mut two, &fleet(false), later).await, 0);
    assert_eq!(two.over().map(|it| it.id).collect::<Vec<_>>(), [Some(1)]);
    assert_eq!(two.silences(), std::slice::from_ref(&silence));
    assert!(two.lift(vec![silence.id]).is_none());
    until(&mut two, 30, |duty| duty.silences().is_empty()).await;
    two.lift(vec![silence.id]);
    let refused = loop {
        let word = two.word().await;
        if let Some(words) = two.take(word, at(30)) {
            break words;
        }
    };
    assert!(refused.starts_with("still silenced: "), "{refused}");
}
