//! One task: its log, its settings, a shell in it.

use std::time::Duration;

use futures_util::StreamExt;
use quarterdeck::engine::{LogQuery, TermSize};
use quarterdeck::fleet::{HealthCheck, ReplicaId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::node::{Swarm, settled};
use crate::support::eventually;
use crate::support::live::Live;

/// The lines of a log as text, up to `most` or the end.
pub fn lines(live: &Live, of: &ReplicaId, query: &LogQuery, most: usize) -> Vec<String> {
    live.runtime.block_on(async {
        let mut log = live.engine.logs(of, query);
        let mut text = String::new();
        while text.lines().count() < most {
            let next = tokio::time::timeout(Duration::from_secs(20), log.next()).await.expect("lines come");
            let Some(chunk) = next else { break };
            text.push_str(&String::from_utf8_lossy(&chunk.expect("a log").bytes));
        }
        text.lines().map(str::to_owned).collect()
    })
}

#[test]
fn a_tasks_log_is_read_from_its_beginning_or_end_and_followed() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.watch();
    swarm.image(
        "qdswarm/api:1",
        "echo first; echo oops >&2; n=0; while :; do n=$((n+1)); echo line $n; sleep 0.2; done",
    );
    swarm.deploy(crate::node::STACK);
    let task = settled(&live, "web", 2).into_iter().next().unwrap();
    // An engine keeps what comes from stdout and from stderr in order, but not one after the other.
    let all = eventually("a line of either stream, and some more", Duration::from_secs(20), || {
        let all = lines(&live, &task.id, &LogQuery::default(), usize::MAX);
        let said = |words: &str| all.iter().position(|line| line.ends_with(words));
        (said("Z oops").is_some() && said("Z first")? < said("Z line 2")?).then_some(all)
    });
    let stamp = |line: &str| line.split(' ').next().unwrap().parse::<jiff::Timestamp>().unwrap();
    let last = all.last().unwrap();
    let tail = lines(&live, &task.id, &LogQuery { tail: Some(1), ..LogQuery::default() }, 9);
    assert_eq!(tail.len(), 1);
    assert!(stamp(&tail[0]) >= stamp(last));
    let since = LogQuery { since: Some(stamp(last)), ..LogQuery::default() };
    assert_eq!(lines(&live, &task.id, &since, 1).first(), Some(last));
    let follow = LogQuery { follow: true, tail: Some(1), ..LogQuery::default() };
    assert!(lines(&live, &task.id, &follow, 4).len() >= 4);
    // Also where nobody watches, who would know its container. Of its first two lines one is the
    // first of stdout.
    let alone = Live::idle(|| swarm.open());
    let begins = lines(&alone, &task.id, &LogQuery::default(), 2);
    assert!(begins.iter().take(2).any(|line| line.ends_with("Z first")), "{begins:?}");
}

#[test]
fn a_task_is_inspected_masked_and_a_shell_opens_in_it() {
    let Some(swarm) = Swarm::begin() else { return };
    let live = swarm.with_stack();
    let task = settled(&live, "web", 2).into_iter().next().unwrap();
    let details = live.runtime.block_on(live.engine.inspect(&task.id)).unwrap();
    assert_eq!((&details.replica.id, &details.replica.name), (&task.id, &task.name));
    assert_eq!(details.replica.check, HealthCheck::Healthy);
    assert!(details.health_log.iter().any(|log| log.output.contains("fine")), "{:?}", details.health_log);
    assert!(!format!("{details:?}").contains("hunter2"), "secrets are masked");
    assert!(details.networks.iter().any(|link| link.name == "shop_default" && !link.address.is_empty()));

    let said = live.runtime.block_on(async {
        let size = TermSize { cols: 80, rows: 24 };
        let mut shell = live.engine.shell(&task.id, &[], size).await.unwrap();
        shell.input.write_all(b"echo it is $((6*7)); exit\n").await.unwrap();
        let mut said = Vec::new();
        tokio::time::timeout(Duration::from_secs(20), shell.output.read_to_end(&mut said))
            .await
            .unwrap()
            .unwrap();
        String::from_utf8_lossy(&said).into_owned()
    });
    assert!(said.contains("it is 42"), "{said}");
}
