//! A proxy between qd and a real engine that misbehaves on command.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the proxy does to connections and requests from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Passes everything on.
    None,
    /// Accepts, and never answers.
    Hang,
    /// Waits that many milliseconds before every answer.
    Delay(u64),
    /// Answers every request with 500 and words.
    Error500,
    /// Answers with 200 and something that is not JSON.
    Garbage,
    /// Answers with something that is not HTTP.
    NotHttp,
    /// Closes every connection at once.
    Cut,
}

/// The proxy; listens until dropped.
pub struct Proxy {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

struct State {
    fault: Fault,
    /// Both ends of every open connection, to cut them.
    open: Vec<(UnixStream, UnixStream)>,
    /// Request lines seen, for tests that count calls.
    requests: Vec<String>,
}

impl Proxy {
    /// Listen at `path`, in front of the engine's socket `upstream`.
    pub fn start(path: &Path, upstream: &Path) -> Self {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).expect("the proxy's socket can be made");
        let state =
            Arc::new(Mutex::new(State { fault: Fault::None, open: Vec::new(), requests: Vec::new() }));
        let shared = Arc::clone(&state);
        let upstream = upstream.to_owned();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                let upstream = upstream.clone();
                std::thread::spawn(move || serve(client, &upstream, &shared));
            }
        });
        Self { path: path.to_owned(), state }
    }

    /// `unix://…`, to be used as the engine's address.
    pub fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// Misbehave like this from now on; connections that are open are cut, so that nothing
    /// started before goes on unharmed.
    pub fn set(&self, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        state.fault = fault;
        for (a, b) in state.open.drain(..) {
            let _ = a.shutdown(std::net::Shutdown::Both);
            let _ = b.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Misbehave like this for new requests; open streams live on.
    pub fn set_softly(&self, fault: Fault) {
        self.state.lock().unwrap().fault = fault;
    }

    /// The request lines seen since the last call.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.set(Fault::Cut);
        let _ = std::fs::remove_file(&self.path);
    }
}

fn respond(client: &mut UnixStream, status: &str, body: &str) {
    let _ = client.write_all(
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .as_bytes(),
    );
}

/// One connection: requests are read as they come; the fault in force is applied to each.
fn serve(mut client: UnixStream, upstream: &Path, shared: &Mutex<State>) {
    let mut server: Option<UnixStream> = None;
    let mut buf = vec![0; 65536];
    loop {
        let n = match client.read(&mut buf) {
            Ok(n) if n > 0 => n,
            _ => break,
        };
        let fault = {
            let mut state = shared.lock().unwrap();
            let line = String::from_utf8_lossy(&buf[..n]);
            if let Some(line) = line.lines().next().filter(|l| l.contains(" HTTP/1.")) {
                state.requests.push(line.to_owned());
            }
            state.fault
        };
        match fault {
            Fault::Cut => break,
            Fault::Hang => {
                std::thread::sleep(Duration::from_millis(50));
                while shared.lock().unwrap().fault == Fault::Hang {
                    std::thread::sleep(Duration::from_millis(20));
                }
                break;
            }
            Fault::Error500 => {
                respond(
                    &mut client,
                    "500 Internal Server Error",
                    r#"{"message":"the disk is \u001b[31mon fire"}"#,
                );
                continue;
            }
            Fault::Garbage => {
                respond(&mut client, "200 OK", "<html>this is not the API you want</html>");
                continue;
            }
            Fault::NotHttp => {
                let _ = client.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
                break;
            }
            Fault::Delay(ms) => std::thread::sleep(Duration::from_millis(ms)),
            Fault::None => {}
        }
        if server.is_none() {
            let Ok(up) = UnixStream::connect(upstream) else { break };
            let (mut from, mut to) = (up.try_clone().unwrap(), client.try_clone().unwrap());
            shared.lock().unwrap().open.push((up.try_clone().unwrap(), client.try_clone().unwrap()));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Both);
            });
            server = Some(up);
        }
        if server.as_mut().is_some_and(|up| up.write_all(&buf[..n]).is_err()) {
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
    if let Some(up) = server {
        let _ = up.shutdown(std::net::Shutdown::Both);
    }
}
