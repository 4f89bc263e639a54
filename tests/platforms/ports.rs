//! Ports that two want: the 3001 of platform A, and on every platform a process that is no container.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use quarterdeck::fleet::Health;

use crate::stage::{INTERVAL, RETRIES, Stage, stage};

/// As long as for any other fault, though nothing is asked again here: the engine tells.
const WITHIN: Duration = Duration::from_secs(INTERVAL.as_secs() * RETRIES as u64 + 2);

/// Wait for a row; how long it took since then.
fn row(stage: &Stage, path: &str, began: Instant, wanted: impl Fn(Health, &str) -> bool) -> Duration {
    let mut last = String::new();
    while began.elapsed() < Duration::from_secs(30) {
        if let Some(since) = stage.verdict(path) {
            if wanted(since.health, &since.why) {
                return began.elapsed();
            }
            last = format!("{}: {}", since.health.word(), since.why);
        }
        std::thread::sleep(Duration::from_millis(15));
    }
    panic!("{path} stays {last}");
}

#[test]
fn two_services_of_one_port_are_named_wherever_one_looks() {
    let Some(stage) = stage() else { return };
    // As platform A's guide has it: ORDER_PORT is not moved any more.
    let order = |port: Option<&str>| {
        let mut command = Command::new("docker-compose");
        command.args(["--no-ansi", "-p", "storefront", "-f", "compose.yml", "up", "-d", "order-service"]);
        command.current_dir(stage.files.join("a")).env("DOCKER_HOST", &stage.reference.host);
        command.env_remove("DOCKER_CONTEXT").env_remove("ORDER_PORT");
        if let Some(port) = port {
            command.env("ORDER_PORT", port);
        }
        command.output().unwrap()
    };
    let began = Instant::now();
    let said = order(None);
    assert!(!said.status.success(), "somebody has 3001 already: {}", String::from_utf8_lossy(&said.stderr));
    let failed = began.elapsed();
    let why = "could not start: port 3001 is held by storefront/customer-web";
    let took =
        row(stage, "storefront/order-service", began, |health, said| health == Health::Down && said == why);
    println!(
        "3001 twice: in the row {:.1} s after compose began, which took {:.1} s",
        took.as_secs_f64(),
        failed.as_secs_f64()
    );
    assert!(took <= failed + WITHIN, "{took:?}");
    let clash = "3001/tcp is held by storefront/customer-web; storefront/order-service wants it too, and cannot start";
    let (code, said) = stage.qd("a", &["ports", "3001"]);
    assert!(code == 0 && said.contains(clash), "{said}");
    let (code, said) = stage.qd("a", &["check"]);
    assert!(code == 1 && said.contains(why) && said.contains(&format!("warning: {clash}")), "{said}");
    let (code, said) = stage.qd("a", &["check", "storefront/order-service", "-o", "nagios"]);
    assert!(code == 2 && said.contains(why) && said.contains(clash), "{said}");
    let situation = stage.live.look(|seen| seen.fleet.situation(jiff::Timestamp::now()).text());
    assert!(situation.contains(why), "the console's sentence: {situation}");
    assert!(order(Some("13001")).status.success());
    stage.settle();
    let (_, said) = stage.qd("a", &["check", "storefront/order-service"]);
    assert!(!said.contains("warning:"), "{said}");
}

#[test]
fn a_process_that_is_no_container_is_named_by_whoever_wants_its_port() {
    let Some(stage) = stage() else { return };
    let me = format!("(pid {})", std::process::id());
    let mut late = Vec::new();
    for (project, service, port) in [
        ("storefront", "user-service", "8084"),
        ("group-buying", "auth-service", "3005"),
        ("", "retail-extra", "13000"),
        ("cloudpos", "prometheus", "9090"),
        ("payments", "mock-providers", "3002"),
    ] {
        // What A publishes is published; elsewhere we are the ones who listen.
        let ours = (project != "storefront").then(|| TcpListener::bind(format!("0.0.0.0:{port}")).unwrap());
        let name = format!("second-{service}");
        let name = if project.is_empty() { service.to_owned() } else { name };
        let publish = format!("{port}:80");
        let labels = [
            format!("com.docker.compose.project={project}"),
            format!("com.docker.compose.service={service}"),
            "com.docker.compose.container-number=2".to_owned(),
        ];
        let mut args = vec!["run", "-d", "--name", &name, "-p", &publish];
        if !project.is_empty() {
            args.extend(labels.iter().flat_map(|label| ["--label", label.as_str()]));
        }
        args.push("qdtest/service:1");
        let began = Instant::now();
        assert!(!stage.reference.try_docker(&args).status.success(), "{port} is taken");
        let path = if project.is_empty() { service.to_owned() } else { format!("{project}/{service}") };
        let taken = format!("could not start: port {port} is held by ");
        let took = row(stage, &path, began, |health, why| {
            let named = ours.is_none() || why.contains(&me);
            matches!(health, Health::Down | Health::Degraded) && why.contains(&taken) && named
        });
        println!("port taken, {path}: {:.1} s", took.as_secs_f64());
        if took > WITHIN {
            late.push(format!("{path}: {took:?}"));
        }
        let (code, said) = stage.qd("a", &["check", &path]);
        assert_eq!(code, 1, "{said}");
        if ours.is_some() {
            assert!(said.contains(&taken) && said.contains(&me), "{said}");
            let (_, said) = stage.qd("a", &["status", &path]);
            assert!(said.contains(&taken) && said.contains(&me), "{said}");
            let (_, said) = stage.qd("a", &["ports", port]);
            assert!(said.contains(&me) && said.contains("wants it too, and cannot start"), "{said}");
        }
        stage.reference.remove(&[&name]);
    }
    stage.settle();
    assert!(late.is_empty(), "{late:?}");
}
