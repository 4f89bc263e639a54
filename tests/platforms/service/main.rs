//! The stand-in for every service of the platforms: answers like one, and breaks when told to.
//!
//! Standard library only, one file, built static by `tests/support/engine images` and put into
//! `qdtest/service:1`; no part of the crate.
//!
//! What it is, by environment:
//! - `PORT`: where it serves HTTP; without one it serves none.
//! - `NAME`: what it says it is in `{"status":"ok","service":NAME}`.
//! - `SPEAKS`: `mongodb:27017,kafka:9092,tcp:1025`: handshakes it answers beside that.
//! - `NEEDS`: `postgres:5432,redis:6379`: who must accept connections for it to be ready.
//! - `CALLS`: `/work=http://order-service:3001/work,…`: what it asks before it answers to a path; one
//!   that fails makes that a 502.
//! - `GAUGES`: `queue_depth=0,…`: what else it counts.
//!
//! It answers 200 to every path but these:
//! - `/metrics`, `/api/metrics`: what it served, as prom-client tells it.
//! - `/ready`, `/api/health/readiness`: 503 while somebody it needs is not there.
//!
//! How it breaks: `POST :9099/fault?kind=…`, the answer comes when it is so. The port is there
//! whatever is broken.
//! - `fail` (`status=500`, `share=100`, %), `slow` (`ms=3000`), `hang`, `garbage` (no HTTP), `hangup`
//!   (closes without an answer), `stubborn` (takes no SIGTERM), `wrong-name` (`says=impostor`), `sick` (200, and says that it is not
//!   well), `unready`, `wrong-handshake`
//! - `leak` (`mb=64`), `burn` (`threads=1`), `crash` (`code=1`), `gauge` (`name=queue_depth`,
//!   `value=1`: one more line of `/metrics`)
//! - `none`: well again, the leak given back.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Where it is told what to do.
const CONTROL: u16 = 9099;
/// Buckets of the histogram, seconds: prom-client's own.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Clone, Default)]
struct Faults {
    /// The status it fails with, and of how many in a hundred requests.
    fails: Option<(u16, u64)>,
    slow: Duration,
    hang: bool,
    garbage: bool,
    hangup: bool,
    says: Option<String>,
    sick: bool,
    unready: bool,
    wrong_handshake: bool,
}

#[derive(Default)]
struct Served {
    /// By method, path and status.
    requests: BTreeMap<(String, String, u16), u64>,
    buckets: [u64; BUCKETS.len()],
    sum: f64,
    count: u64,
    gauges: BTreeMap<String, String>,
}

#[derive(Default)]
struct Service {
    name: String,
    needs: Vec<String>,
    calls: Vec<String>,
    faults: Mutex<Faults>,
    served: Mutex<Served>,
    leaked: Mutex<Vec<Vec<u8>>>,
    burning: Mutex<Arc<AtomicBool>>,
}

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn _exit(code: i32) -> !;
}

/// It takes no SIGTERM.
static STUBBORN: AtomicBool = AtomicBool::new(false);

/// Asked to end: the first process of a container that does not listen for it is not ended by it.
extern "C" fn leave(_: i32) {
    if !STUBBORN.load(Ordering::SeqCst) {
        unsafe { _exit(0) }
    }
}

fn main() -> io::Result<()> {
    unsafe {
        signal(15, leave);
        signal(2, leave);
    }
    let words = |name: &str| -> Vec<String> {
        let value = std::env::var(name).unwrap_or_default();
        value.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
    };
    let service: &'static Service = Box::leak(Box::new(Service {
        name: std::env::var("NAME").unwrap_or_else(|_| "service".into()),
        needs: words("NEEDS"),
        calls: words("CALLS"),
        ..Service::default()
    }));
    for gauge in words("GAUGES") {
        if let Some((name, value)) = gauge.split_once('=') {
            lock(&service.served).gauges.insert(name.to_owned(), value.to_owned());
        }
    }
    let port: Option<u16> = std::env::var("PORT").ok().and_then(|port| port.parse().ok());
    if let Some(port) = port {
        listen(port, move |stream| service.http(stream))?;
    }
    for spoken in words("SPEAKS") {
        let (tongue, port) = spoken.split_once(':').expect("SPEAKS is like mongodb:27017");
        let tongue = tongue.to_owned();
        listen(port.parse().expect("a port"), move |stream| service.speak(&tongue, stream))?;
    }
    listen(CONTROL, move |stream| service.control(stream))?;
    println!("{} is up", service.name);
    loop {
        thread::park();
    }
}

/// A thread for a connection: there are few.
fn listen<F, R>(port: u16, answer: F) -> io::Result<()>
where
    F: Fn(TcpStream) -> io::Result<R> + Send + Sync + 'static,
{
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    let answer = Arc::new(answer);
    let spawn = |answer: Arc<F>, stream: TcpStream| {
        let _ = thread::Builder::new().stack_size(128 * 1024).spawn(move || {
            let _ = answer(stream);
        });
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            spawn(answer.clone(), stream);
        }
    });
    Ok(())
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// `GET /path?a=1&b=2`.
struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
}

impl Request {
    fn read(stream: &TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut from = BufReader::new(stream.take(64 * 1024));
        let mut first = String::new();
        from.read_line(&mut first)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        io::copy(&mut from.take(length), &mut io::sink())?;
        let mut words = first.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or("/");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Ok(Self { method, path: path.to_owned(), query })
    }

    fn number(&self, key: &str, otherwise: u64) -> u64 {
        self.query.get(key).and_then(|value| value.parse().ok()).unwrap_or(otherwise)
    }
}

fn reply(mut stream: &TcpStream, status: u16, kind: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} So\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

impl Service {
    fn http(&self, mut stream: TcpStream) -> io::Result<()> {
        let request = Request::read(&stream)?;
        let began = Instant::now();
        let faults = lock(&self.faults).clone();
        if faults.hang {
            // Until whoever asks gives up.
            return io::copy(&mut stream, &mut io::sink()).map(|_| ());
        }
        if faults.hangup {
            return Ok(());
        }
        if faults.garbage {
            return stream.write_all(b"\x16\x03garbage that is no answer at all\r\n\r\n");
        }
        if matches!(request.path.as_str(), "/metrics" | "/api/metrics") {
            return reply(&stream, 200, "text/plain; version=0.0.4", &self.metrics());
        }
        thread::sleep(faults.slow);
        let (status, body) = self.answer(&request, &faults);
        let mut served = lock(&self.served);
        let took = began.elapsed().as_secs_f64();
        let key = (request.method, request.path, status);
        *served.requests.entry(key).or_default() += 1;
        served.sum += took;
        served.count += 1;
        for (bucket, bound) in served.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(took <= bound);
        }
        drop(served);
        reply(&stream, status, "application/json", &body)
    }

    fn answer(&self, request: &Request, faults: &Faults) -> (u16, String) {
        let name = faults.says.as_ref().unwrap_or(&self.name);
        let is_ready = matches!(request.path.as_str(), "/ready" | "/api/health/readiness");
        if let Some((status, share)) = faults.fails {
            // Spread evenly, the same way every time.
            let count = lock(&self.served).count;
            if count * share / 100 != (count + 1) * share / 100 {
                return (status, format!(r#"{{"status":"error","service":"{name}"}}"#));
            }
        }
        if is_ready {
            let missing: Vec<&str> =
                self.needs.iter().map(String::as_str).filter(|place| !accepts(place)).collect();
            if faults.unready || !missing.is_empty() {
                return (503, format!(r#"{{"status":"not ready","waits_for":"{}"}}"#, missing.join(" ")));
            }
        }
        let calls = self.calls.iter().filter_map(|call| call.split_once('='));
        let mut calls = calls.filter(|(path, _)| *path == request.path);
        if let Some((_, url)) = calls.find(|(_, url)| !asks(url)) {
            println!("ERROR {url} does not answer");
            return (502, format!(r#"{{"status":"error","service":"{name}","because":"{url}"}}"#));
        }
        let status = if faults.sick { "error" } else { "ok" };
        (200, format!(r#"{{"status":"{status}","service":"{name}"}}"#))
    }

    fn metrics(&self) -> String {
        let served = lock(&self.served);
        let mut out =
            String::from("# HELP http_requests_total Requests served.\n# TYPE http_requests_total counter\n");
        for ((method, route, status), count) in &served.requests {
            let _ = writeln!(
                out,
                "http_requests_total{{method=\"{method}\",route=\"{route}\",status_code=\"{status}\"}} {count}"
            );
        }
        out.push_str("# TYPE http_request_duration_seconds histogram\n");
        for (bound, count) in BUCKETS.iter().zip(served.buckets) {
            let _ = writeln!(out, "http_request_duration_seconds_bucket{{le=\"{bound}\"}} {count}");
        }
        let Served { count, sum, .. } = &*served;
        let _ = writeln!(out, "http_request_duration_seconds_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "http_request_duration_seconds_sum {sum}");
        let _ = writeln!(out, "http_request_duration_seconds_count {count}");
        let _ = writeln!(out, "# TYPE process_resident_memory_bytes gauge");
        let _ = writeln!(out, "process_resident_memory_bytes {}", resident());
        for (name, value) in &served.gauges {
            let _ = writeln!(out, "# TYPE {name} gauge\n{name} {value}");
        }
        out
    }

    /// What is told on the other port.
    fn control(&self, stream: TcpStream) -> io::Result<()> {
        let request = Request::read(&stream)?;
        let kind = request.query.get("kind").map_or("", String::as_str);
        let mut faults = lock(&self.faults);
        match kind {
            "fail" => {
                let status = request.number("status", 500) as u16;
                faults.fails = Some((status, request.number("share", 100)));
            }
            "slow" => faults.slow = Duration::from_millis(request.number("ms", 3000)),
            "hang" => faults.hang = true,
            "garbage" => faults.garbage = true,
            "hangup" => faults.hangup = true,
            "wrong-name" => {
                faults.says = Some(request.query.get("says").map_or("impostor", String::as_str).to_owned());
            }
            "sick" => faults.sick = true,
            "stubborn" => STUBBORN.store(true, Ordering::SeqCst),
            "unready" => faults.unready = true,
            "wrong-handshake" => faults.wrong_handshake = true,
            "leak" => {
                // Written to, or it would take no memory.
                let bytes = vec![1; request.number("mb", 64) as usize * 1024 * 1024];
                lock(&self.leaked).push(bytes);
            }
            "burn" => {
                let burning = lock(&self.burning).clone();
                burning.store(true, Ordering::SeqCst);
                for _ in 0..request.number("threads", 1) {
                    let burning = burning.clone();
                    thread::spawn(move || while burning.load(Ordering::Relaxed) {});
                }
            }
            "gauge" => {
                let of = |key: &str| request.query.get(key).cloned().unwrap_or_default();
                lock(&self.served).gauges.insert(of("name"), of("value"));
            }
            "crash" => {
                println!("ERROR told to crash");
                reply(&stream, 200, "text/plain", "good-bye\n")?;
                std::process::exit(request.number("code", 1) as i32);
            }
            "none" => {
                STUBBORN.store(false, Ordering::SeqCst);
                *faults = Faults::default();
                lock(&self.leaked).clear();
                std::mem::take(&mut *lock(&self.burning)).store(false, Ordering::SeqCst);
            }
            other => {
                return reply(&stream, 404, "text/plain", &format!("there is no fault {other}\n"));
            }
        }
        drop(faults);
        reply(&stream, 200, "text/plain", "so be it\n")
    }

    /// As much of a protocol as a health check says.
    fn speak(&self, tongue: &str, mut stream: TcpStream) -> io::Result<()> {
        let faults = lock(&self.faults).clone();
        if faults.hang {
            return io::copy(&mut stream, &mut io::sink()).map(|_| ());
        }
        match tongue {
            "mongodb" => mongodb(&mut stream, !faults.wrong_handshake),
            "kafka" => kafka(&mut stream, !faults.wrong_handshake),
            _ => stream.write_all(b"220 here\r\n"),
        }
    }
}

/// A message in, `{ isWritablePrimary, ok: 1 }` out: one that is not primary is still starting.
fn mongodb(stream: &mut TcpStream, primary: bool) -> io::Result<()> {
    let mut head = [0; 16];
    stream.read_exact(&mut head)?;
    let number = |at: usize| i32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let mut rest = vec![0; (number(0) - 16).clamp(0, 65_536) as usize];
    stream.read_exact(&mut rest)?;
    let mut document = vec![0x08];
    document.extend(b"isWritablePrimary\0");
    document.push(u8::from(primary));
    document.extend(b"\x08secondary\0\0\x01ok\0");
    document.extend(1.0_f64.to_le_bytes());
    document.push(0);
    let mut out = Vec::new();
    out.extend((16 + 4 + 1 + 4 + document.len() as i32).to_le_bytes());
    out.extend(1_i32.to_le_bytes());
    out.extend(number(4).to_le_bytes());
    out.extend(2013_i32.to_le_bytes());
    out.extend([0; 5]);
    out.extend((4 + document.len() as i32).to_le_bytes());
    out.extend(document);
    stream.write_all(&out)
}

/// `ApiVersions` in; no error (or "unknown server error") and no versions out.
fn kafka(stream: &mut TcpStream, well: bool) -> io::Result<()> {
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let length = i32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let mut rest = vec![0; (length - 8).clamp(0, 65_536) as usize];
    stream.read_exact(&mut rest)?;
    let mut out = Vec::new();
    out.extend(10_i32.to_be_bytes());
    out.extend(&head[8..12]);
    out.extend(if well { 0_i16 } else { -1 }.to_be_bytes());
    out.extend(0_i32.to_be_bytes());
    stream.write_all(&out)
}

fn connect(place: &str) -> Option<TcpStream> {
    let address = place.to_socket_addrs().ok()?.next()?;
    TcpStream::connect_timeout(&address, Duration::from_millis(400)).ok()
}

fn accepts(place: &str) -> bool {
    connect(place).is_some()
}

/// Whether a GET of `http://host:port/path` succeeds.
fn asks(url: &str) -> bool {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(mut stream) = connect(place) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let asked = write!(stream, "GET /{path} HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\n\r\n");
    let mut first = String::new();
    asked.is_ok()
        && BufReader::new(stream).read_line(&mut first).is_ok()
        && first.split_whitespace().nth(1).is_some_and(|status| status.starts_with('2'))
}

/// Bytes of memory in use.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
