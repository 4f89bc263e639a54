//! All five platforms at once on one engine, and one qd that watches them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use quarterdeck::config::{EngineSettings, ProbeRule, Protection, Settings};
use quarterdeck::engine::{self, Engine};
use quarterdeck::fleet::{Fleet, Health, Replica, ServiceId, Since, Standing};

use crate::support::docker::{Reference, engine};
use crate::support::live::Live;

/// A platform: its directory below `tests/platforms`, and its compose project.
pub struct Platform {
    pub dir: &'static str,
    pub project: &'static str,
}

/// All of them. The third has no project.
pub const PLATFORMS: [Platform; 5] = [
    Platform { dir: "a", project: "storefront" },
    Platform { dir: "b", project: "group-buying" },
    Platform { dir: "c", project: "" },
    Platform { dir: "d", project: "cloudpos" },
    Platform { dir: "e", project: "payments" },
];

/// How often things are looked at here. The examples' own times are for people.
pub const INTERVAL: Duration = Duration::from_secs(1);
/// The same of commands in containers, which cost the engine more.
pub const EXEC_INTERVAL: Duration = Duration::from_secs(2);
pub const RETRIES: u32 = 2;

/// Services with probes of all of them: every one but notification-service of A, which has no URL.
const PROBED: usize = 57;

/// Five platforms, and who watches.
pub struct Stage {
    pub reference: Reference,
    /// Where their files are, as they are used here.
    pub files: PathBuf,
    pub live: Live,
}

/// The stage, built by whoever needs it first; `None` (said loudly) without an engine.
pub fn stage() -> Option<&'static Stage> {
    static STAGE: OnceLock<Option<Stage>> = OnceLock::new();
    STAGE.get_or_init(|| engine().map(Stage::build)).as_ref()
}

/// The example config of a platform.
pub fn config_of(dir: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms").join(dir).join("qd.toml")
}

/// The probes of a platform's example config, made quick.
fn probes_of(dir: &str) -> Vec<ProbeRule> {
    let text = fs::read_to_string(config_of(dir)).unwrap();
    let quick = |rule: ProbeRule| {
        let interval = if rule.exec.is_some() { EXEC_INTERVAL } else { INTERVAL };
        let timeout = interval.mul_f64(0.9);
        ProbeRule { interval, timeout, retries: RETRIES, start_period: Duration::ZERO, ..rule }
    };
    Settings::read("qd.toml", &text).unwrap().probes.into_iter().map(quick).collect()
}

/// A compose file as it is used here: ports are not published but where they are what is tested (five
/// platforms want the same ones), HEALTHCHECKs come often, and limits are ones that can be reached.
fn adapt(dir: &str, text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let field = line.trim_start();
        let line = match dir {
            _ if field.starts_with("mem_limit:") => {
                line.split("mem_limit").next().unwrap().to_owned() + "mem_limit: 64m"
            }
            _ if field.starts_with("mem_reservation:") => continue,
            _ if field.starts_with("interval:") => {
                line.split("interval").next().unwrap().to_owned() + "interval: 2s"
            }
            "a" => line.to_owned(),
            _ if field.starts_with("ports:") => expose(line),
            _ => line.to_owned(),
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// `ports: ["80:81", "443:444"]` → `expose: ["81", "444"]`.
fn expose(line: &str) -> String {
    let (indent, list) = line.split_once("ports:").unwrap();
    let ports =
        list.split('"').filter_map(|part| part.rsplit_once(':').map(|(_, inside)| format!("\"{inside}\"")));
    format!("{indent}expose: [{}]", ports.collect::<Vec<_>>().join(", "))
}

impl Stage {
    fn build(reference: Reference) -> Self {
        let began = Instant::now();
        reference.clear();
        reference.control("databases");
        let files = reference.dir().join("platforms");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms");
        for Platform { dir, .. } in PLATFORMS {
            fs::create_dir_all(files.join(dir)).unwrap();
            for entry in fs::read_dir(source.join(dir)).unwrap().flatten() {
                let to = files.join(dir).join(entry.file_name());
                if entry.file_name() == "compose.yml" {
                    fs::write(to, adapt(dir, &fs::read_to_string(entry.path()).unwrap())).unwrap();
                } else {
                    fs::copy(entry.path(), to).unwrap();
                }
            }
        }
        std::thread::scope(|scope| {
            for platform in &PLATFORMS {
                let (reference, files) = (&reference, &files);
                scope.spawn(move || up(reference, files, platform));
            }
        });
        // Where the guides give no limit, one that can be reached by what leaks.
        let unlimited = ["group-buying_whatsapp-service_1", "retail-web", "mock-providers"];
        reference.docker(&[&["update", "--memory", "64m", "--memory-swap", "64m"][..], &unlimited].concat());
        let probes = PLATFORMS.iter().flat_map(|platform| probes_of(platform.dir)).collect();
        let settings = Settings { probes, ..Settings::default() };
        let host = Some(reference.host.clone());
        let open = move || -> Arc<dyn Engine> {
            engine::open(&EngineSettings { host, context: None }, Protection::default()).unwrap()
        };
        let live = Live::joined(open, move |engine| quarterdeck::watch::watch(engine, &settings));
        let stage = Self { reference, files, live };
        // As people wait for a platform that was just brought up.
        for Platform { dir, .. } in PLATFORMS {
            let (code, said) = stage.qd(dir, &["check", "--wait", "150s"]);
            assert_eq!(code, 0, "platform {dir}: {said}");
        }
        stage.settle();
        println!("five platforms are up and well after {:.0} s", began.elapsed().as_secs_f64());
        stage
    }

    /// Wait until everything is well, by all that looks at it.
    pub fn settle(&self) {
        self.live.until("all is well", |fleet| {
            let now = Timestamp::now();
            let ids: Vec<ServiceId> = fleet.services().map(|service| service.id.clone()).collect();
            let passes =
                |id: &ServiceId| fleet.probes(id).all(|probe| probe.standing(now) == Standing::Passing);
            let looked_at = ids.iter().filter(|id| fleet.probes(id).next().is_some()).count();
            (wrong(fleet).is_empty() && ids.iter().all(passes) && looked_at == PROBED).then_some(())
        });
    }

    /// A service by its path.
    pub fn verdict(&self, path: &str) -> Option<Since> {
        self.live.look(|seen| verdict(&seen.fleet, path))
    }

    /// The (first) replica of a service.
    pub fn replica(&self, path: &str) -> Replica {
        let found = self.live.look(|seen| {
            let service = seen.fleet.services().find(|service| service.id.path() == path)?.id.clone();
            seen.fleet.replicas_of(&service).next().cloned()
        });
        found.unwrap_or_else(|| panic!("{path} has no replica"))
    }

    /// Restart what its engine waits ever longer to start again.
    pub fn start_anew(&self, path: &str) {
        self.reference.docker(&["restart", "-t", "1", &self.replica(path).name]);
    }

    /// `qd ARGS` with the example config of a platform: exit code, and all it said.
    pub fn qd(&self, dir: &str, args: &[&str]) -> (i32, String) {
        let home = tempfile::tempdir().unwrap();
        let config = config_of(dir);
        let out = Command::new(env!("CARGO_BIN_EXE_qd"))
            .args(["--host", &self.reference.host, "--no-journal", "--config"])
            .arg(config)
            .args(args)
            .env("QD_CONFIG_DIR", home.path())
            .env("QD_STATE_DIR", home.path())
            .output()
            .unwrap();
        let said = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (out.status.code().unwrap_or(-1), said)
    }
}

/// What is not well, each with why: red, yellow or stopped. One that is well and was not, often, is
/// called unsteady, which is no trouble here.
pub fn wrong(fleet: &Fleet) -> Vec<(String, Since)> {
    let now = Timestamp::now();
    let all = fleet
        .services()
        .filter_map(|service| Some((service.id.path(), fleet.summary(&service.id, now)?.health)));
    all.filter(|(_, since)| !(since.health.is_well() || is_unsteady_only(since))).collect()
}

fn is_unsteady_only(since: &Since) -> bool {
    since.health == Health::Degraded && since.why.contains("flapping") && !since.why.starts_with("not ready")
}

pub fn verdict(fleet: &Fleet, path: &str) -> Option<Since> {
    let id: ServiceId = fleet.services().find(|service| service.id.path() == path)?.id.clone();
    Some(fleet.summary(&id, Timestamp::now())?.health)
}

fn up(reference: &Reference, files: &Path, platform: &Platform) {
    let dir = files.join(platform.dir);
    let mut command = if platform.project.is_empty() {
        let mut command = Command::new("./up");
        command.env("API_PORT", "");
        command
    } else {
        let mut command = Command::new("docker-compose");
        command.args(["--no-ansi", "-p", platform.project, "-f", "compose.yml", "up", "-d"]);
        command
    };
    let out = command
        .current_dir(&dir)
        .env("ORDER_PORT", "13001")
        .env("DOCKER_HOST", &reference.host)
        .env_remove("DOCKER_CONTEXT")
        .output()
        .unwrap();
    assert!(out.status.success(), "platform {}: {}", platform.dir, String::from_utf8_lossy(&out.stderr));
}
