//! A webhook's other end: keeps every letter, and refuses them while it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::eventually;

/// What was told of an incident.
#[derive(Clone, Debug)]
pub struct Letter {
    pub id: i64,
    pub times: i64,
    pub status: String,
    pub service: String,
}

/// The other end.
pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    letters: Mutex<Vec<Letter>>,
    refuse: AtomicBool,
    refusals: AtomicUsize,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up in the middle comes again.
                let _ = theirs.answer(stream);
            }
        });
        Self { url, shared }
    }

    /// Refuse letters while `meanwhile` is done, and until one was refused.
    pub fn away(&self, meanwhile: impl FnOnce()) {
        let before = self.refusals();
        self.shared.refuse.store(true, Ordering::Relaxed);
        meanwhile();
        let one = || (self.refusals() > before).then_some(());
        eventually("a letter is refused", Duration::from_mins(1), one);
        self.shared.refuse.store(false, Ordering::Relaxed);
    }

    /// Letters refused.
    pub fn refusals(&self) -> usize {
        self.shared.refusals.load(Ordering::Relaxed)
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.shared.letters.lock().unwrap().clone()
    }

    /// Letters of a service.
    pub fn count(&self, service: &str) -> usize {
        self.letters().iter().filter(|letter| letter.service == service).count()
    }

    /// Wait for a letter of that status, later than the first so many of that service.
    pub fn wait(&self, service: &str, before: usize, status: &str, why: &str) {
        eventually(&format!("{service} {status}: {why}"), Duration::from_mins(2), || {
            let letters = self.letters();
            let mut later = letters.iter().filter(|letter| letter.service == service).skip(before);
            later.any(|letter| letter.status == status).then_some(())
        });
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut reader = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line)? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let status = if self.refuse.load(Ordering::Relaxed) {
            self.refusals.fetch_add(1, Ordering::Relaxed);
            "503 Service Unavailable"
        } else {
            let letter: Value = serde_json::from_slice(&body).unwrap();
            self.letters.lock().unwrap().push(Letter {
                id: letter["id"].as_i64().unwrap(),
                times: letter["times"].as_i64().unwrap(),
                status: letter["status"].as_str().unwrap().to_owned(),
                service: letter["service"].as_str().unwrap_or_default().to_owned(),
            });
            "204 No Content"
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        reader.get_mut().write_all(answer.as_bytes())
    }
}
