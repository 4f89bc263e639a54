//! An engine watched in the background, its observations folded into a fleet: what a console sees.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use quarterdeck::engine::Engine;
use quarterdeck::fleet::{Fleet, Observation, Replica, ServiceId};

/// A watched engine.
pub struct Live {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// Where its calls run.
    pub runtime: tokio::runtime::Runtime,
    seen: Arc<Mutex<Seen>>,
}

/// What was seen so far.
#[derive(Default)]
pub struct Seen {
    /// Everything folded.
    pub fleet: Fleet,
    /// Every observation in order, but usage and host figures.
    pub log: Vec<Observation>,
}

impl Live {
    /// Watch `engine` until dropped. `Engine::watch` is called within a runtime.
    pub fn watch(make: impl FnOnce() -> Arc<dyn Engine>) -> Self {
        Self::joined(make, |engine| engine.watch())
    }

    /// The same of what `watch` makes of the engine.
    pub fn joined(
        make: impl FnOnce() -> Arc<dyn Engine>,
        watch: impl FnOnce(&Arc<dyn Engine>) -> BoxStream<'static, Observation>,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let engine = {
            let _inside = runtime.enter();
            make()
        };
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut stream = {
            let _inside = runtime.enter();
            watch(&engine)
        };
        let sink = Arc::clone(&seen);
        runtime.spawn(async move {
            while let Some(observation) = stream.next().await {
                let mut seen = sink.lock().unwrap();
                if !matches!(observation, Observation::Sampled { .. } | Observation::Host(_)) {
                    seen.log.push(observation.clone());
                }
                seen.fleet.apply(observation);
            }
        });
        Self { engine, runtime, seen }
    }

    /// `engine`, watched by nobody.
    pub fn idle(make: impl FnOnce() -> Arc<dyn Engine>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let engine = {
            let _inside = runtime.enter();
            make()
        };
        Self { engine, runtime, seen: Arc::default() }
    }

    /// Look at what is known now.
    pub fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }

    /// Wait until `check` gives something; says how long it took. Panics with the fleet if never.
    pub fn until<T>(&self, what: &str, check: impl Fn(&Fleet) -> Option<T>) -> (T, Duration) {
        let began = Instant::now();
        loop {
            if let Some(found) = self.look(|seen| check(&seen.fleet)) {
                let took = began.elapsed();
                eprintln!("   {what}: seen after {} ms", took.as_millis());
                return (found, took);
            }
            if began.elapsed() > Duration::from_mins(1) {
                let rows = self
                    .look(|seen| replicas(&seen.fleet).iter().map(|r| format!("{r:?}")).collect::<Vec<_>>());
                panic!("never seen: {what}; the fleet:\n{}", rows.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Wait for a replica of that container name that satisfies `check`.
    pub fn replica(&self, name: &str, what: &str, check: impl Fn(&Replica) -> bool) -> Replica {
        self.until(&format!("{name} {what}"), |fleet| {
            replicas(fleet).into_iter().find(|r| &*r.name == name && check(r))
        })
        .0
    }

    /// Wait until no replica of that container name is known.
    pub fn gone(&self, name: &str) {
        self.until(&format!("{name} gone"), |fleet| {
            replicas(fleet).iter().all(|r| &*r.name != name).then_some(())
        });
    }
}

/// All replicas of a fleet.
pub fn replicas(fleet: &Fleet) -> Vec<Replica> {
    let ids: Vec<ServiceId> = fleet.services().map(|s| s.id.clone()).collect();
    ids.iter().flat_map(|id| fleet.replicas_of(id).cloned().collect::<Vec<_>>()).collect()
}
