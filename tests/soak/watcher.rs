//! A `qd watch` whose size is looked at every second.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::docker::Reference;
use crate::support::eventually;

/// Ticks a second in `/proc`, whatever the kernel's own clock: it is part of Linux' interface.
const USER_HZ: f64 = 100.0;

/// One `qd watch`.
pub struct Watcher {
    child: Child,
    samples: Arc<Mutex<Vec<Sample>>>,
    /// What it says.
    said: PathBuf,
}

/// What a process holds at one moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// Resident memory, KiB.
    memory: u64,
    /// Open files and sockets.
    files: u64,
    threads: u64,
}

/// How big a watch was.
pub struct Sizes {
    samples: Vec<Sample>,
    /// CPU time it used, seconds.
    cpu: f64,
}

impl Watcher {
    pub fn start(reference: &Reference, home: &Path, name: &str) -> Self {
        let said = home.join(format!("said-{name}"));
        let file = File::create(&said).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_qd"))
            .args(["--host", &reference.host, "watch"])
            .env("QD_CONFIG_DIR", home)
            .env("QD_STATE_DIR", home)
            .stdout(Stdio::from(file.try_clone().unwrap()))
            .stderr(Stdio::from(file))
            .spawn()
            .unwrap();
        let samples = Arc::new(Mutex::new(Vec::new()));
        let (pid, theirs) = (child.id(), samples.clone());
        std::thread::spawn(move || {
            while let Some(sample) = look(pid) {
                theirs.lock().unwrap().push(sample);
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        Self { child, samples, said }
    }

    pub fn assert_alive(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "qd watch ended: {ended:?}");
    }

    /// Asked to go, it goes, and says it went well.
    pub fn end(mut self) -> Sizes {
        let cpu = cpu(self.child.id());
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = eventually("it ends", Duration::from_mins(1), || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
        let samples = self.samples.lock().unwrap().clone();
        Sizes { samples, cpu }
    }
}

impl Drop for Watcher {
    /// One that was asked to go is gone already; after a failure nobody asked.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = std::fs::read_to_string(&self.said).unwrap_or_default();
            let last = said.lines().count().saturating_sub(60);
            if let Ok(samples) = self.samples.lock()
                && samples.len() >= 4
            {
                eprintln!("{}", Sizes { samples: samples.clone(), cpu: cpu(self.child.id()) });
            }
            eprintln!("qd watch said, at last:");
            said.lines().skip(last).for_each(|line| eprintln!("  {line}"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `None` once it is gone.
fn look(pid: u32) -> Option<Sample> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
    };
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64;
    // A process that is ending has no memory any more.
    Some(Sample { memory: field("VmRSS")?, files, threads: field("Threads")? })
}

fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    ticks as f64 / USER_HZ
}

impl Sizes {
    /// The middle value of a part of the time: quarters 0 to 3.
    fn quarter(&self, quarter: usize, of: impl Fn(&Sample) -> u64) -> u64 {
        let long = self.samples.len();
        let mut values: Vec<u64> =
            self.samples[long * quarter / 4..long * (quarter + 1) / 4].iter().map(of).collect();
        values.sort_unstable();
        values[values.len() / 2]
    }

    /// The last quarter is no bigger than the second (the first is for warming up), but for what
    /// an allocator and a busy moment make of it.
    pub fn assert_flat(&self) {
        let (early, late) = (self.quarter(1, |s| s.memory), self.quarter(3, |s| s.memory));
        assert!(late <= early + early / 5 + 2048, "memory grew: {self}");
        let (early, late) = (self.quarter(1, |s| s.files), self.quarter(3, |s| s.files));
        assert!(late <= early + 8, "open files grew: {self}");
        let (early, late) = (self.quarter(1, |s| s.threads), self.quarter(3, |s| s.threads));
        assert!(late <= early + 4, "threads grew: {self}");
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quarters = |of: fn(&Sample) -> u64| [0, 1, 2, 3].map(|quarter| self.quarter(quarter, of));
        let most = self.samples.iter().map(|sample| sample.memory).max().unwrap_or(0);
        write!(
            f,
            "one qd watch, medians of the quarters: memory {:?} KiB (most {most}), files {:?}, threads {:?}; \
             {:.1} s of CPU in {} s",
            quarters(|s| s.memory),
            quarters(|s| s.files),
            quarters(|s| s.threads),
            self.cpu,
            self.samples.len(),
        )
    }
}
