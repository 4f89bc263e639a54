//! A webhook's other end: keeps every letter, and refuses them while it is told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::{eventually, webhook};

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
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let url = webhook::listen(move |letter| theirs.take(&letter));
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
    fn take(&self, letter: &Value) -> bool {
        if self.refuse.load(Ordering::Relaxed) {
            self.refusals.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        self.letters.lock().unwrap().push(Letter {
            id: letter["id"].as_i64().unwrap(),
            times: letter["times"].as_i64().unwrap(),
            status: letter["status"].as_str().unwrap().to_owned(),
            service: letter["service"].as_str().unwrap_or_default().to_owned(),
        });
        true
    }
}
