//! What watching costs: 1,000 HTTP probes every 10 s, 200 scrapes every 15 s and 100 rules in one
//! `qd watch`, beside a bare loop that makes the same requests at the same pace with the same HTTP
//! client and throws the answers away. Both run at the same time against the same server, so what
//! else the machine does meets both.
//!
//! `cargo bench --bench watching` (Linux). `QD_BENCH_WINDOWS`: windows of 60 s to measure, 3 by
//! default. The engine is made up: 1,000 containers with loopback addresses of their own.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval_at, sleep};

const SERVICES: usize = 1000;
const SCRAPED: usize = 200;
const RULES: usize = 100;
const PROBE_EVERY: Duration = Duration::from_secs(10);
const SCRAPE_EVERY: Duration = Duration::from_secs(15);
const WINDOW: Duration = Duration::from_mins(1);
/// A minute of two: everything was asked at least twice.
const WARMING: Duration = Duration::from_secs(40);
/// Ticks a second in `/proc`: part of Linux' interface.
const USER_HZ: f64 = 100.0;

fn main() {
    match std::env::var("QD_BENCH_ROLE").as_deref() {
        Ok("server") => runtime().block_on(serve()),
        Ok("bare") => runtime().block_on(bare(std::env::var("QD_BENCH_PORT").unwrap().parse().unwrap())),
        _ => measure(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

/// The address of a container.
fn address(n: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 1, (n / 250) as u8, (n % 250 + 1) as u8)
}

// What both ask.

static ANSWERED: AtomicU64 = AtomicU64::new(0);
/// Requests of the bare loop, and of anyone else.
static ASKED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

async fn serve() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        tokio::spawn(async move {
            let mut buffer = [0; 2048];
            let mut read = 0;
            while !buffer[..read].windows(4).any(|four| four == b"\r\n\r\n") {
                match stream.read(&mut buffer[read..]).await {
                    Ok(n) if n > 0 => read += n,
                    _ => return,
                }
            }
            let asked = || ASKED.each_ref().map(|asked| asked.load(Ordering::Relaxed));
            let body = if buffer.starts_with(b"GET /asked") {
                json!(asked()).to_string()
            } else {
                let by = usize::from(!buffer[..read].windows(BARE.len()).any(|part| part == BARE.as_bytes()));
                ASKED[by].fetch_add(1, Ordering::Relaxed);
                if buffer.starts_with(b"GET /metrics") { metrics() } else { r#"{"status":"ok"}"#.into() }
            };
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await;
        });
    }
}

/// What a small service says of itself: 240 series.
fn metrics() -> String {
    let n = ANSWERED.fetch_add(1, Ordering::Relaxed);
    let mut out = String::new();
    out.push_str("# HELP http_request_duration_seconds How long requests took.\n# TYPE http_request_duration_seconds histogram\n");
    for route in 0..10 {
        for status in [200, 404, 500] {
            for (place, le) in ["0.005", "0.05", "0.5", "5", "+Inf"].iter().enumerate() {
                let count = n * (place as u64 + 1) * (600 - status);
                let _ = writeln!(
                    out,
                    "http_request_duration_seconds_bucket{{method=\"GET\",route=\"/r{route}\",status_code=\"{status}\",le=\"{le}\"}} {count}"
                );
            }
            let _ = writeln!(
                out,
                "http_request_duration_seconds_sum{{method=\"GET\",route=\"/r{route}\",status_code=\"{status}\"}} {}",
                n as f64 * 0.1
            );
            let _ = writeln!(
                out,
                "http_request_duration_seconds_count{{method=\"GET\",route=\"/r{route}\",status_code=\"{status}\"}} {}",
                n * 5 * (600 - status)
            );
        }
    }
    for gauge in 0..30 {
        let _ = writeln!(out, "# TYPE process_gauge_{gauge} gauge\nprocess_gauge_{gauge} {}.5", n + gauge);
    }
    out
}

/// How often each has asked the server so far.
fn asked(port: &str) -> [u64; 2] {
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.write_all(b"GET /asked HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.lines().last().unwrap()).unwrap()
}

/// The name under which the bare loop asks.
const BARE: &str = "bare-loop";

/// The same requests, and nothing made of the answers.
async fn bare(port: u16) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(BARE)
        .no_proxy()
        .referer(false)
        .pool_max_idle_per_host(0)
        .retry(reqwest::retry::never())
        .tls_danger_accept_invalid_certs(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for n in 0..SERVICES + SCRAPED {
        let (every, url) = if n < SERVICES {
            (PROBE_EVERY, format!("http://{}:{port}/health", address(n)))
        } else {
            (SCRAPE_EVERY, format!("http://{}:{port}/metrics", address(n - SERVICES)))
        };
        let client = client.clone();
        tokio::spawn(async move {
            let first = every * (n as u32 % 1000) / 1000;
            let mut ticks = interval_at(tokio::time::Instant::now() + first, every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if let Ok(mut response) = client.get(&url).send().await {
                    while let Ok(Some(piece)) = response.chunk().await {
                        std::hint::black_box(piece);
                    }
                }
            }
        });
    }
    loop {
        sleep(WINDOW).await;
    }
}

// The made-up engine.

fn engine(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_all(&stream));
        }
    });
}

fn answer_all(stream: &UnixStream) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
        let path =
            line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim_end().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let _ = reader.by_ref().take(length).read_to_end(&mut Vec::new());
        line.clear();
        let path = path.strip_prefix("/v1.44").unwrap_or(&path);
        if path == "/events" {
            let head =
                "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            let _ = (&*stream).write_all(head.as_bytes());
            let _ = reader.read_to_end(&mut Vec::new());
            return;
        }
        let (status, body) = match answer(path) {
            Some(body) => (200, body.to_string()),
            None => (404, json!({"message": "no such thing"}).to_string()),
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nApi-Version: 1.44\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if (&*stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn id(n: usize) -> String {
    format!("{n:064x}")
}

fn labels(n: usize) -> Value {
    json!({
        "com.docker.compose.project": if n < SCRAPED { "scraped" } else { "probed" },
        "com.docker.compose.service": format!("service-{n}"),
        "com.docker.compose.container-number": "1", "com.docker.compose.oneoff": "False",
    })
}

fn networks(n: usize) -> Value {
    json!({"Networks": {"bridge": {"NetworkID": "aa", "IPAddress": address(n).to_string()}}})
}

fn answer(path: &str) -> Option<Value> {
    static LIST: OnceLock<Value> = OnceLock::new();
    let list = || {
        Value::Array(
            (0..SERVICES)
                .map(|n| {
                    json!({"Id": id(n), "Names": [format!("/service-{n}")], "Image": "service:1",
                           "ImageID": format!("sha256:{}", "ab".repeat(32)), "State": "running",
                           "Status": "Up 2 minutes", "Created": 1_700_000_000, "Labels": labels(n), "Ports": [],
                           "HostConfig": {"NetworkMode": "bridge"}, "NetworkSettings": networks(n)})
                })
                .collect(),
        )
    };
    match path {
        "/_ping" => Some(json!("OK")),
        "/version" => Some(json!({"Version": "28.0.0", "ApiVersion": "1.44"})),
        // Of this machine, or the addresses of its containers would not be asked.
        "/info" => {
            let [name, kernel] = ["hostname", "osrelease"]
                .map(|fact| std::fs::read_to_string(format!("/proc/sys/kernel/{fact}")).unwrap());
            Some(json!({"ID": "bench-engine", "Name": name.trim(), "KernelVersion": kernel.trim(),
                        "NCPU": 2, "MemTotal": 1_u64 << 33}))
        }
        "/containers/json" => Some(LIST.get_or_init(list).clone()),
        path => {
            let id = path.strip_prefix("/containers/")?.strip_suffix("/json")?;
            let n = usize::from_str_radix(id, 16).ok()?;
            Some(json!({
                "Id": id, "Name": format!("/service-{n}"), "Image": format!("sha256:{}", "ab".repeat(32)),
                "Created": "2026-01-01T00:00:00Z",
                "State": {"Status": "running", "Running": true, "Pid": 0, "StartedAt": "2026-01-01T00:00:01Z",
                          "FinishedAt": "0001-01-01T00:00:00Z"},
                "Config": {"Image": "service:1", "Labels": labels(n), "Env": ["PORT=80"]},
                "HostConfig": {"RestartPolicy": {"Name": "no"}, "NetworkMode": "bridge"},
                "NetworkSettings": networks(n), "Mounts": [],
            }))
        }
    }
}

// Measuring.

/// A process that is ended with the measurement.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// CPU seconds used so far, and resident KiB now.
    fn used(&mut self) -> (f64, u64) {
        assert!(self.0.try_wait().unwrap().is_none(), "it ended");
        let pid = self.0.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        (ticks as f64 / USER_HZ, memory.split_whitespace().next().unwrap().parse().unwrap())
    }
}

fn rules() -> String {
    let mut text = String::from("alerts:\n");
    for n in 0..RULES {
        let condition = match n % 5 {
            0 => "health_check_failed".to_owned(),
            1 => format!("error_rate > {}%", 90 + n % 10),
            2 => format!("p95_response_time > {}s", 60 + n),
            3 => "restarts >= 3 and not down".to_owned(),
            _ => format!("process_gauge_{} < 0", n % 30),
        };
        let _ = writeln!(text, "  - name: R{n}\n    condition: {condition}\n    duration: 1m");
    }
    text
}

fn measure() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("engine.sock");
    engine(&socket);
    let me = std::env::current_exe().unwrap();
    let role = |role: &str| {
        let mut command = Command::new(&me);
        command.env("QD_BENCH_ROLE", role).stderr(Stdio::null());
        command
    };
    let mut server = Running(role("server").stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim();
    std::fs::write(home.path().join("alerts.yaml"), rules()).unwrap();
    let config = format!(
        "[alerts]\nrules = ['alerts.yaml']\ndefaults = false\n\
         [[probe]]\nservice = '*'\nhttp = '/health'\nport = {port}\ninterval = '10s'\n\
         [[metrics]]\nservice = 'scraped/*'\nhttp = '/metrics'\nport = {port}\ninterval = '15s'\n"
    );
    std::fs::write(home.path().join("config.toml"), config).unwrap();

    let mut bare = Running(role("bare").env("QD_BENCH_PORT", port).spawn().unwrap());
    let said = Arc::new(std::fs::File::create(home.path().join("said")).unwrap());
    let mut qd = Running(
        Command::new(env!("CARGO_BIN_EXE_qd"))
            .args(["--host", &format!("unix://{}", socket.display()), "watch"])
            .env("QD_CONFIG_DIR", home.path())
            .env("QD_STATE_DIR", home.path())
            .stdout(said.try_clone().unwrap())
            .stderr(said.try_clone().unwrap())
            .spawn()
            .unwrap(),
    );
    std::thread::sleep(WARMING);
    let windows = std::env::var("QD_BENCH_WINDOWS").map_or(3, |text| text.parse().unwrap());
    let mut ratios = Vec::new();
    for window in 1..=windows {
        let (before, qd_before, asked_before) = (bare.used(), qd.used(), asked(port));
        std::thread::sleep(WINDOW);
        let (after, qd_after, asked_after) = (bare.used(), qd.used(), asked(port));
        let [by_bare, by_qd] = [0, 1].map(|by| asked_after[by] - asked_before[by]);
        // qd shortens its intervals by up to a tenth, so that what began together does not stay so.
        let fair = by_bare - by_bare / 50..by_bare + by_bare / 8;
        assert!(fair.contains(&by_qd), "{by_bare} requests of the bare loop, {by_qd} of qd");
        let (bare_cpu, qd_cpu) = (after.0 - before.0, qd_after.0 - qd_before.0);
        ratios.push(qd_cpu / bare_cpu);
        println!(
            "window {window}: bare loop {by_bare} requests, {bare_cpu:.2} s of CPU, {} MiB; \
             qd watch {by_qd} requests, {qd_cpu:.2} s, {} MiB; ratio {:.2}",
            after.1 / 1024,
            qd_after.1 / 1024,
            qd_cpu / bare_cpu
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}", ratios[ratios.len() / 2]);
    let said = std::fs::read_to_string(home.path().join("said")).unwrap();
    println!(
        "qd watch said {} lines:\n{}",
        said.lines().count(),
        said.lines().take(8).collect::<Vec<_>>().join("\n")
    );
}
