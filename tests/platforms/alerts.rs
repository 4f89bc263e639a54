//! Alert rules on real traffic: the three of platform A as its guide has them, and the thresholds of
//! platform D.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use quarterdeck::fleet::Health;
use serde_json::Value;

use crate::inject::tell;
use crate::stage::{Stage, config_of, stage};
use crate::watching::{Watching, is};

/// What is in the guide, to the letter.
const AS_WRITTEN: &str = "alerts:
  - name: HighErrorRate
    condition: error_rate > 5%
    duration: 5m
    severity: critical
  - name: HighResponseTime
    condition: p95_response_time > 1s
    duration: 10m
    severity: warning
  - name: ServiceDown
    condition: health_check_failed
    duration: 1m
    severity: critical
";

/// Users of a service: four of them, each asks again as soon as he was answered, and a little rest.
fn users(stage: &Stage, service: &str, port: u16, done: &AtomicBool) {
    let Some(&address) = stage.replica(service).addresses.first() else { return };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let _ = ask(SocketAddr::new(address, port));
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
}

fn ask(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /work HTTP/1.1\r\nhost: x\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new()).map(|_| ())
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// It was open no sooner than the condition had held for that long.
fn held(incident: &Value, seconds: i64) {
    let held = time(&incident["opened"]).duration_since(time(&incident["since"])).as_secs();
    assert!(held >= seconds, "held for {held} s: {incident}");
}

#[test]
fn the_rules_of_platform_a_are_read_as_they_are_written() {
    let Some(stage) = stage() else { return };
    let rules = config_of("a").with_file_name("alerts.yaml");
    assert_eq!(std::fs::read_to_string(&rules).unwrap(), AS_WRITTEN);
    let (code, said) = stage.qd("a", &["config", "check", Path::new(&rules).to_str().unwrap()]);
    assert!(code == 0 && said.contains("a good file of alert rules"), "{said}");
    // As they are, in force, and silent: all is well.
    let (code, said) = stage.qd("a", &["watch", "--once"]);
    assert!(code == 0 && !said.contains("warning"), "{said}");
}

#[test]
fn the_three_alerts_of_platform_a_fire_hold_and_clear_on_real_traffic() {
    let Some(stage) = stage() else { return };
    let (catalog, cart, user) =
        ("storefront/catalog-service", "storefront/cart-service", "storefront/user-service");
    let watching = Watching::start(stage, "a");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| users(stage, catalog, 8000, &done));
        scope.spawn(|| users(stage, cart, 3000, &done));
        // Whatever fails below, the users go home.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            std::thread::sleep(Duration::from_secs(4));
            tell(stage, catalog, "fail&share=8").unwrap();
            tell(stage, cart, "slow&ms=1300").unwrap();
            tell(stage, user, "fail").unwrap();
            let down = watching.heard("ServiceDown", |it| is(it, "ServiceDown", user));
            held(&down, 1);
            assert!(down["summary"].as_str().unwrap().contains("status 500"), "{down}");
            let errors = watching.heard("HighErrorRate", |it| is(it, "HighErrorRate", catalog));
            held(&errors, 4);
            assert!(
                errors["severity"] == "critical"
                    && errors["figures"].as_str().unwrap().starts_with("error_rate ")
            );
            let slow = watching.heard("HighResponseTime", |it| is(it, "HighResponseTime", cart));
            held(&slow, 9);
            assert_eq!(slow["severity"], "medium", "a warning");
            // They hold: nothing is over while it goes on, and nothing is told twice.
            std::thread::sleep(Duration::from_secs(3));
            for one in watching.sent.lock().unwrap().iter() {
                assert_eq!(one["status"], "open", "{one}");
            }
            for service in [catalog, cart, user] {
                tell(stage, service, "none").unwrap();
            }
            for (rule, service) in
                [("ServiceDown", user), ("HighErrorRate", catalog), ("HighResponseTime", cart)]
            {
                let over = |it: &Value| is(it, rule, service) && it["status"] == "closed";
                assert_eq!(watching.heard(&format!("{rule} is over"), over)["ended"], "over");
            }
            let told: Vec<String> = watching
                .sent
                .lock()
                .unwrap()
                .iter()
                .map(|it| format!("{} {} {}", it["status"], it["rule"], it["subject"]))
                .collect();
            let mut once = told.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), told.len(), "each is told once: {told:?}");
        }));
        done.store(true, Ordering::SeqCst);
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
    muted_during_a_deploy(stage, &watching);
    watching.end();
    stage.settle();
}

/// A restart that takes its time because the service is stubborn: it is red meanwhile, long enough for
/// the rule, and nobody is told of what somebody is working on.
fn muted_during_a_deploy(stage: &Stage, watching: &Watching) {
    let payment = "storefront/payment-service";
    tell(stage, payment, "stubborn").unwrap();
    let (restarted, red) = std::thread::scope(|scope| {
        let restart = scope.spawn(|| watching.beside(&["restart", payment, "--yes"]));
        // The journal knows of the restart before anything is stopped.
        let began = Instant::now();
        while !watching.beside(&["journal", "-n", "1"]).1.contains("payment-service") {
            assert!(began.elapsed() < Duration::from_secs(30), "the restart is not in the journal");
        }
        tell(stage, payment, "fail").unwrap();
        let mut red = Duration::ZERO;
        while !restart.is_finished() {
            std::thread::sleep(Duration::from_millis(100));
            if stage.verdict(payment).is_some_and(|since| since.health == Health::Unhealthy) {
                red += Duration::from_millis(100);
            }
        }
        (restart.join().unwrap(), red)
    });
    assert_eq!(restarted.0, 0, "{}", restarted.1);
    println!("   red for {:.1} s of the restart, and nobody told", red.as_secs_f64());
    assert!(red > Duration::from_secs(5), "it was red for {red:?} only: there was nothing to keep quiet");
    std::thread::sleep(Duration::from_secs(3));
    for all in [&watching.sent, &watching.lines] {
        let told = all.lock().unwrap().iter().filter(|it| is(it, "ServiceDown", payment)).count();
        assert_eq!(told, 0, "nobody is told of what somebody is working on");
    }
}

#[test]
fn the_thresholds_of_platform_d_are_watched() {
    let Some(stage) = stage() else { return };
    let gateway = "cloudpos/api-gateway";
    let (memory, cpu, postgres) =
        ("cloudpos/inventory-service", "cloudpos/transaction-service", "cloudpos/postgres");
    let watching = Watching::start(stage, "d");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| users(stage, gateway, 3000, &done));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            std::thread::sleep(Duration::from_secs(4));
            tell(stage, gateway, "slow&ms=300").unwrap();
            tell(stage, gateway, "fail&share=4").unwrap();
            tell(stage, memory, "leak&mb=54").unwrap();
            // So little that it can use all of it on a busy machine, too.
            stage.reference.docker(&["update", "--cpus", "0.1", &stage.replica(cpu).name]);
            tell(stage, cpu, "burn").unwrap();
            // 17 of the 20 it has.
            let busy = "for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do psql -qU postgres -c 'select pg_sleep(60)' & done; wait";
            stage.reference.docker(&["exec", "-d", &stage.replica(postgres).name, "sh", "-c", busy]);
            for (rule, service, figure) in [
                ("SlowResponses", gateway, "p95_response_time "),
                ("Errors", gateway, "error_rate "),
                ("Unavailable", gateway, "availability "),
                ("MemoryHigh", memory, "memory "),
                ("CpuHigh", cpu, "cpu "),
                ("DatabaseConnections", postgres, "db_connections "),
            ] {
                let told = watching.heard(rule, |it| is(it, rule, service));
                assert!(told["figures"].as_str().unwrap().starts_with(figure), "{told}");
            }
        }));
        done.store(true, Ordering::SeqCst);
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
    // Nobody else is blamed for what is no matter of time: machines may be busy.
    let only = [("MemoryHigh", memory), ("CpuHigh", cpu), ("DatabaseConnections", postgres)];
    for one in watching.sent.lock().unwrap().iter() {
        let blamed = only.iter().find(|(rule, _)| one["rule"] == *rule);
        assert!(blamed.is_none_or(|(_, service)| one["subject"] == *service), "{one}");
    }
    for service in [gateway, memory, cpu] {
        tell(stage, service, "none").unwrap();
    }
    let ends = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()";
    stage.reference.docker(&[
        "exec",
        &stage.replica(postgres).name,
        "psql",
        "-qAtXU",
        "postgres",
        "-c",
        ends,
    ]);
    stage.reference.docker(&["update", "--cpus", "1", &stage.replica(cpu).name]);
    watching.end();
    stage.settle();
}

#[test]
fn a_certificate_that_ends_soon_is_told_by_the_rules_qd_comes_with() {
    let Some(stage) = stage() else { return };
    let (code, said) = stage.qd("e", &["watch", "--once"]);
    assert!(
        code == 1 && said.contains("CertificateExpiring on payments/nginx: certificate_expiry 9 d"),
        "{said}"
    );
}
