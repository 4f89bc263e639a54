//! A registry of images for tests: what it takes to be pulled from, and nothing else.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// A registry on this machine.
pub struct Registry {
    /// `127.0.0.1:PORT`.
    pub host: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Path → body and type.
    files: HashMap<String, (Vec<u8>, &'static str)>,
    /// The `Authorization` header it wants.
    wants: Option<String>,
}

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

impl Registry {
    /// Serve until the test ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let shared = Arc::<Mutex<Shared>>::default();
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                std::thread::spawn(move || serve(stream, &served));
            }
        });
        Self { host, shared }
    }

    /// Let in only who says this (`Basic …`).
    pub fn guard(&self, authorization: &str) {
        self.shared.lock().unwrap().wants = Some(authorization.to_owned());
    }

    /// Put an image there; gives the reference to pull it by, and the id it will have.
    pub fn put(&self, name: &str, tag: &str, env: &str) -> (String, String) {
        let layer = layer();
        let layer_digest = digest(&layer);
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{{"Env":["{env}"]}},"rootfs":{{"type":"layers","diff_ids":["{layer_digest}"]}},"history":[{{}}]}}"#
        )
        .into_bytes();
        let config_digest = digest(&config);
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":{},"digest":"{config_digest}"}},"layers":[{{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":{},"digest":"{layer_digest}"}}]}}"#,
            config.len(),
            layer.len()
        )
        .into_bytes();
        let mut shared = self.shared.lock().unwrap();
        let blob = "application/octet-stream";
        shared.files.insert(format!("/v2/{name}/blobs/{layer_digest}"), (layer, blob));
        shared.files.insert(format!("/v2/{name}/blobs/{config_digest}"), (config, blob));
        for reference in [tag, &digest(&manifest)] {
            shared.files.insert(format!("/v2/{name}/manifests/{reference}"), (manifest.clone(), MANIFEST));
        }
        (format!("{}/{name}:{tag}", self.host), config_digest)
    }
}

fn serve(mut stream: TcpStream, shared: &Mutex<Shared>) {
    let mut asked = Vec::new();
    let mut piece = [0; 1024];
    while !asked.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(n) if n > 0 => asked.extend_from_slice(&piece[..n]),
            _ => return,
        }
        // An engine tries TLS first, and takes a silence for a slow network.
        if asked.first() == Some(&0x16) {
            return;
        }
    }
    let asked = String::from_utf8_lossy(&asked).into_owned();
    let mut words = asked.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let shared = shared.lock().unwrap();
    let said = asked.lines().find_map(|l| l.strip_prefix("Authorization: ")).map(str::to_owned);
    let (status, headers, body, kind) = if shared.wants.is_some() && shared.wants != said {
        let error = br#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#.to_vec();
        (
            "401 Unauthorized",
            "Www-Authenticate: Basic realm=\"test\"\r\n".to_owned(),
            error,
            "application/json",
        )
    } else if path == "/v2/" {
        ("200 OK", String::new(), b"{}".to_vec(), "application/json")
    } else if let Some((body, kind)) = shared.files.get(path) {
        ("200 OK", format!("Docker-Content-Digest: {}\r\n", digest(body)), body.clone(), *kind)
    } else {
        let error = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#.to_vec();
        ("404 Not Found", String::new(), error, "application/json")
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nDocker-Distribution-Api-Version: registry/2.0\r\n{headers}Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    if method != "HEAD" {
        let _ = stream.write_all(&body);
    }
}

/// A layer with one file in it.
fn layer() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("hello"), "hello\n").unwrap();
    let tar = Command::new("tar")
        .args(["--mtime=@0", "--owner=0", "--group=0", "-c", "hello"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(tar.status.success(), "{}", String::from_utf8_lossy(&tar.stderr));
    tar.stdout
}

fn digest(bytes: &[u8]) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sha256sum runs");
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let out = child.wait_with_output().unwrap();
    format!("sha256:{}", String::from_utf8_lossy(&out.stdout).split_whitespace().next().unwrap())
}
