//! A made-up engine on a unix socket with one container of a compose project, for what needs an engine that is
//! not the demo: a journal on a disk that several commands share.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Ran, User};

/// The container's id.
pub const ID: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// A secret in its environment.
pub const SECRET: &str = "correct-horse-battery";
/// The engine's own id, which the journal knows it by.
pub const INSTANCE: &str = "fake-engine-1";

/// It answers until the process ends.
pub struct Fake {
    socket: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
    hangs: Arc<AtomicBool>,
}

impl Fake {
    /// One for this user.
    pub fn start(user: &User) -> Self {
        let socket = user.home.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let hangs = Arc::new(AtomicBool::new(false));
        let (all, hang) = (asked.clone(), hangs.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, hangs) = (all.clone(), hang.clone());
                std::thread::spawn(move || serve(&stream, &asked, &hangs));
            }
        });
        Self { socket, asked, hangs }
    }

    /// Whether it takes changes without ever answering.
    pub fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
    }

    /// Where it listens, as `--host` takes it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Run a command on it.
    pub fn qd(&self, user: &User, args: &[&str]) -> Ran {
        user.qd(&[&["--host", &self.host()], args].concat())
    }

    /// What would change something, as it was asked for.
    pub fn changes(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|line| !line.starts_with("GET ")).cloned().collect()
    }
}

fn serve(stream: &UnixStream, asked: &Mutex<Vec<String>>, hangs: &AtomicBool) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
        let request = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
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
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let (method, path) = request.split_once(' ').unwrap_or_default();
        // Without the version in front.
        let path = match path.strip_prefix("/v1.").and_then(|rest| rest.find('/').map(|at| &rest[at..])) {
            Some(rest) => rest,
            None => path,
        };
        asked.lock().unwrap().push(format!("{method} {path}"));
        if path.starts_with("/events") {
            // Nothing ever happens: the answer begins, and goes on until the other side leaves.
            let head =
                "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            let _ = (&*stream).write_all(head.as_bytes());
        }
        if path.starts_with("/events") || (method != "GET" && hangs.load(Ordering::SeqCst)) {
            let _ = reader.read_to_end(&mut Vec::new());
            return;
        }
        let (status, body) = answer(method, path.split('?').next().unwrap_or_default());
        let body = if status == 204 { String::new() } else { body.to_string() };
        let head = format!(
            "HTTP/1.1 {status} X\r\nApi-Version: 1.44\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if (&*stream).write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}

fn answer(method: &str, path: &str) -> (u16, Value) {
    let image = format!("sha256:{}", "ab".repeat(32));
    let labels = json!({
        "com.docker.compose.project": "shop", "com.docker.compose.service": "web",
        "com.docker.compose.container-number": "1", "com.docker.compose.oneoff": "False",
    });
    match (method, path) {
        (_, "/_ping") => (200, json!("OK")),
        ("GET", "/version") => (200, json!({"Version": "28.0.0", "ApiVersion": "1.44"})),
        ("GET", "/info") => {
            (200, json!({"ID": INSTANCE, "Name": "fakehost", "NCPU": 2, "MemTotal": 1 << 30}))
        }
        ("GET", "/containers/json") => (
            200,
            json!([{"Id": ID, "Names": ["/shop-web-1"], "Image": "web:1", "ImageID": image, "State": "running",
                    "Status": "Up 2 minutes", "Created": 1_700_000_000, "Labels": labels, "Ports": []}]),
        ),
        ("GET", path) if path == format!("/containers/{ID}/json") => (
            200,
            json!({"Id": ID, "Name": "/shop-web-1", "Image": image, "Created": "2026-01-01T00:00:00Z",
                   "State": {"Status": "running", "Running": true, "Pid": 0,
                             "StartedAt": "2026-01-01T00:00:01Z", "FinishedAt": "0001-01-01T00:00:00Z"},
                   "Config": {"Image": "web:1", "Labels": labels,
                              "Env": ["PORT=80", "API_KEY=0f3a", format!("DB_PASSWORD={SECRET}")]},
                   "HostConfig": {"RestartPolicy": {"Name": "no"}, "NetworkMode": "bridge"},
                   "NetworkSettings": {"Networks": {}}, "Mounts": [], "RestartCount": 0}),
        ),
        ("GET", path) if path.starts_with("/images/") => {
            (200, json!({"Id": image, "RepoTags": ["web:1"], "Config": {}}))
        }
        ("POST", path) if path.starts_with(&format!("/containers/{ID}/")) => (204, Value::Null),
        _ => (404, json!({"message": "no such thing"})),
    }
}
