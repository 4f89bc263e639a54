//! No request fails while a service that can be overlapped is deployed under steady load.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::stage::stage;

/// Stands for a proxy in front: looks the name up anew for every request and, as proxies do, goes
/// to the next address when one can't be reached. A request fails when no address answers, twice.
const PROXY: &str = r#"ok=0; failed=0
addresses() { nslookup -type=a shop 127.0.0.11 2>/dev/null | sed -n '/^Name/,$s/^Address: *//p'; }
while [ ! -e /tmp/stop ]; do
  got=
  for try in 1 2; do
    for at in $(addresses); do
      got=$(timeout 2 wget -q -O- http://$at:8080/version 2>/dev/null) && break 2
      got=
    done
  done
  if [ -n "$got" ]; then ok=$((ok+1)); else failed=$((failed+1)); fi
done
echo $ok $failed"#;

#[test]
fn no_request_fails_under_steady_load() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "web"]);
    stage.healthy("app_web_1");
    stage.reference.run("proxy", &["--network", "app_back"], "while :; do sleep 1; done");
    let load = std::process::Command::new("docker")
        .args(["exec", "proxy", "sh", "-c", PROXY])
        .env("DOCKER_HOST", &stage.reference.host)
        .env_remove("DOCKER_CONTEXT")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    stage.qd(&["deploy", "app/web", "qdtest/app:v2", "--yes"]).expect(0);
    stage.qd(&["scale", "app/web", "2", "--yes"]).expect(0);
    stage.qd(&["deploy", "app/web", "qdtest/app:v7", "--yes"]).expect(0);
    let took = began.elapsed();
    std::thread::sleep(Duration::from_millis(500));
    stage.reference.docker(&["exec", "proxy", "touch", "/tmp/stop"]);
    let out = load.wait_with_output().unwrap();
    let counts = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    let (ok, failed) = counts.split_once(' ').unwrap();
    println!(
        "overlap: {ok} requests answered, {failed} failed while one replica was deployed, scaled to two, and both deployed, in {took:.1?}"
    );
    assert_eq!(failed, "0");
    assert!(ok.parse::<u32>().unwrap() > 50, "{ok} requests are no steady load");
    assert_eq!(stage.answers("app_web_2", "version"), "v7");
}
