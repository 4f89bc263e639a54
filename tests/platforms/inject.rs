//! Faults put in, and taken out again.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::stage::Stage;

/// Where the stand-in service is told what to do.
const CONTROL: u16 = 9099;

/// How something is broken.
#[derive(Clone, Copy, Debug)]
pub enum Breaks {
    /// The stand-in is told this, and well again.
    Told(&'static str),
    /// Its first process gets this signal, from nobody the engine knows of.
    Signal(&'static str),
    /// `docker stop`.
    Stopped,
    /// These in the container: to break it, and to mend it.
    Inside(&'static str, &'static str),
    /// `PostgreSQL` is started again as a standby that nobody feeds.
    Recovers,
    /// Redis reads much data very slowly.
    Loads,
}

/// As a standby without hot standby it lets nobody in until it is told to be itself again.
const TO_STANDBY: &str =
    "touch /data/postgres/standby.signal; echo 'hot_standby = off' >>/data/postgres/postgresql.auto.conf";
const FROM_STANDBY: &str = "rm -f /data/postgres/standby.signal";
/// Six seconds' worth of keys, read back from disk a key at a time.
const LOAD: &str = r#"cd /tmp; for set in 'rdbcompression no' 'loading-process-events-interval-bytes 1024' 'key-load-delay 2000'
do redis-cli config set $set; done
redis-cli eval "for i = 1, 4000 do redis.call('set', i, string.rep('x', 2000)) end" 0
exec redis-cli debug reload"#;

impl Breaks {
    /// Break it. Since when it is broken: where that takes several steps, since the last.
    pub fn inject(self, stage: &Stage, service: &str) -> Instant {
        let began = Instant::now();
        let replica = stage.replica(service);
        let docker = |args: &[&str]| stage.reference.docker(&[args, &[&*replica.name]].concat());
        let exec = |script: &str| stage.reference.docker(&["exec", &replica.name, "sh", "-c", script]);
        match self {
            Self::Told(what) => tell(stage, service, what).unwrap(),
            Self::Signal(name) => signal(stage, service, name).unwrap(),
            Self::Stopped => drop(docker(&["stop", "-t", "5"])),
            Self::Inside(script, _) => drop(exec(script)),
            Self::Recovers => {
                exec(TO_STANDBY);
                docker(&["restart", "-t", "5"]);
                return Instant::now();
            }
            Self::Loads => {
                stage.reference.docker(&["exec", "-d", &replica.name, "sh", "-c", LOAD]);
                let loads = || {
                    let said = stage.reference.try_docker(&["exec", &replica.name, "redis-cli", "ping"]);
                    String::from_utf8_lossy(&said.stdout).contains("LOADING").then_some(())
                };
                crate::support::eventually("redis loads", Duration::from_secs(20), loads);
                return Instant::now();
            }
        }
        began
    }

    /// Break it again and again, as its engine starts it again each time, until `done`.
    pub fn repeat(self, stage: &Stage, service: &str, done: &AtomicBool) {
        while !done.load(Ordering::SeqCst) {
            let _ = match self {
                Self::Told(what) => tell(stage, service, what),
                Self::Signal(name) => signal(stage, service, name),
                _ => return,
            };
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Mend it.
    pub fn mend(self, stage: &Stage, service: &str) {
        let replica = stage.replica(service);
        let docker = |args: &[&str]| stage.reference.docker(&[args, &[&*replica.name]].concat());
        let exec = |script: &str| stage.reference.docker(&["exec", &replica.name, "sh", "-c", script]);
        match self {
            Self::Told(what) if what.starts_with("crash") || what.starts_with("leak") => {
                drop(docker(&["start"]));
            }
            Self::Told(_) => tell(stage, service, "none").unwrap(),
            Self::Signal("STOP") => signal(stage, service, "CONT").unwrap(),
            Self::Signal(_) | Self::Stopped => drop(docker(&["start"])),
            Self::Inside(_, script) => drop(exec(script)),
            Self::Recovers => {
                exec(FROM_STANDBY);
                docker(&["restart", "-t", "5"]);
            }
            Self::Loads => drop(exec("redis-cli config set key-load-delay 0")),
        }
    }
}

/// `POST :9099/fault?kind=…` of a stand-in.
pub fn tell(stage: &Stage, service: &str, what: &str) -> std::io::Result<()> {
    let address =
        stage.replica(service).addresses.first().copied().ok_or(std::io::ErrorKind::NotConnected)?;
    let limit = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::new(address, CONTROL), limit)?;
    stream.set_read_timeout(Some(limit))?;
    write!(stream, "POST /fault?kind={what} HTTP/1.1\r\nhost: x\r\n\r\n")?;
    let mut said = String::new();
    // One that is killed for what it was told says nothing any more.
    let heard = stream.read_to_string(&mut said);
    if what.starts_with("leak") || said.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    heard.and(Err(std::io::Error::other(said)))
}

/// A signal to the first process of a container, from outside of the engine.
fn signal(stage: &Stage, service: &str, name: &str) -> std::io::Result<()> {
    let pid = stage.reference.inspect(&stage.replica(service).name, "{{.State.Pid}}");
    // Of one that does not run: 0, which would be us.
    if pid.parse().unwrap_or(0) == 0 {
        return Err(std::io::Error::other("it does not run"));
    }
    let status = std::process::Command::new("kill").args(["-s", name, &pid]).status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other(format!("kill {pid} failed"))) }
}
