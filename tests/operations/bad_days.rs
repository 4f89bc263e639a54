//! Bad days: somebody else is at it, a disk is full, a name is taken, nothing runs, there are many.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::stage::{Stage, stage};
use crate::support::docker::Reference;
use crate::support::pty::Term;

/// A qd under way, by its lines.
struct Underway {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Underway {
    fn start(stage: &Stage, args: &[&str]) -> Self {
        let mut command = stage.command(args);
        let mut child = command.args(["-o", "json"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Read on until it begins something.
    fn begins(&mut self, action: &str) {
        let begins = |line: String| {
            let line: Value = serde_json::from_str(&line).unwrap();
            line["event"] == "began" && line["action"] == action
        };
        assert!(self.lines.any(|line| begins(line.unwrap())), "it never began to {action}");
    }

    /// How it ended, and its last line.
    fn end(mut self) -> (i32, Value) {
        let last = self.lines.by_ref().map(Result::unwrap).last();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        (code, last.map(|line| serde_json::from_str(&line).unwrap()).unwrap_or_default())
    }
}

/// A small disk of its own, gone with this.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, options: &str) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).status().unwrap();
        assert!(mount.success(), "no small disk at {}", at.display());
        Self(at.to_owned())
    }

    /// Take every byte that is left.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        for size in [1 << 16, 1 << 12, 1 << 9, 1] {
            let block = vec![b'x'; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_second_qd_is_refused_and_told_who_is_at_it() {
    let Some(stage) = stage() else { return };
    stage.lone("lone", "qdtest/app:v1", &["--label", "quarterdeck.gate.settle=6s"]);
    stage.lone("other", "qdtest/app:v1", &[]);
    let mut first = Underway::start(&stage, &["deploy", "lone", "qdtest/app:v2", "--yes"]);
    first.begins("wait");
    let now =
        || -> Vec<String> { stage.containers().into_iter().filter(|c| c.starts_with("lone")).collect() };
    let before = now();
    for args in [
        &["deploy", "lone", "qdtest/app:v7", "--yes"][..],
        &["rollback", "lone", "--to", "1", "--yes"],
        &["recreate", "lone", "--yes"],
        &["restart", "lone", "--yes"],
        &["stop", "lone", "--yes"],
        &["finish", "1", "--yes"],
        &["undo", "1", "--yes"],
    ] {
        let said = stage.qd(args).expect(4).said();
        assert!(said.contains("under way, by ") || said.contains("is still at it"), "{args:?}: {said}");
        assert!(said.contains("operation 1"), "{args:?}: {said}");
    }
    assert_eq!(now(), before, "nothing was touched");
    // Nobody is at the other one.
    stage.qd(&["deploy", "other", "qdtest/app:v2", "--yes"]).expect(0);
    let (code, last) = first.end();
    assert_eq!(code, 0, "{last:#}");
    assert_eq!(
        (stage.names(), stage.answers("lone", "version")),
        (vec!["lone".into(), "other".into()], "v2".into())
    );
    stage.qd(&["deploy", "lone", "qdtest/app:v7", "--yes"]).expect(0);
}

#[test]
fn of_two_that_begin_at_once_one_is_refused() {
    let Some(stage) = stage() else { return };
    stage.lone("lone", "qdtest/app:v1", &[]);
    for image in ["qdtest/app:v2", "qdtest/app:v7"] {
        let start = || Underway::start(&stage, &["deploy", "lone", image, "--yes"]);
        let both = [start(), start()];
        let mut codes = both.map(|one| one.end().0);
        codes.sort_unstable();
        // The second may also find nothing left to do.
        assert!(matches!(codes, [0, 0 | 4]), "{codes:?}");
        assert_eq!(stage.names(), ["lone"]);
        assert!(stage.inspect_image("lone").ends_with(image), "{}", stage.inspect_image("lone"));
    }
}

#[test]
fn a_full_disk_under_the_journal_refuses_and_touches_nothing() {
    let Some(stage) = stage() else { return };
    stage.lone("lone", "qdtest/app:v1", &[]);
    let disk = SmallDisk::mount(&stage.state(), "size=1m");
    stage.qd(&["status"]).expect(0);
    disk.fill();
    let before = (stage.containers(), stage.volumes());
    for args in [&["deploy", "lone", "qdtest/app:v2", "--yes"][..], &["recreate", "lone", "--yes"]] {
        let said = stage.qd(args).expect(4).said();
        assert!(said.contains("full") && said.contains("--no-journal"), "{args:?}: {said}");
    }
    assert_eq!((stage.containers(), stage.volumes()), before, "nothing was touched");
    // Looking, and what needs no record, work.
    assert!(stage.qd(&["status"]).expect(0).said().contains("lone"));
    let said = stage.qd(&["stop", "lone", "--yes"]).expect(0).said();
    // Nothing of it found room, or only a part.
    let told = ["the journal misses parts of this", "warning: not recorded"];
    assert!(told.iter().any(|words| said.contains(words)) && said.contains("the disk is full"), "{said}");
    stage.qd(&["start", "lone", "--yes"]).expect(0);
    stage.qd(&["--no-journal", "deploy", "lone", "qdtest/app:v2", "--yes"]).expect(0);
    assert_eq!(stage.answers("lone", "version"), "v2");
    disk.free();
    stage.qd(&["deploy", "lone", "qdtest/app:v7", "--yes"]).expect(0);
}

#[test]
fn a_disk_that_fills_up_under_the_journal_turns_it_back() {
    let Some(stage) = stage() else { return };
    stage.lone("lone", "qdtest/app:v1", &["--label", "quarterdeck.gate.settle=3s"]);
    let disk = SmallDisk::mount(&stage.state(), "size=1m");
    let before = (stage.containers(), stage.volumes());
    // The journal does not know that it ended: it advises the first, and the other does no harm.
    for (number, word, ends) in [(1, "undo", 0), (2, "finish", 5)] {
        let mut deploy = Underway::start(&stage, &["deploy", "lone", "qdtest/app:v2", "--yes"]);
        deploy.begins("wait");
        disk.fill();
        let (code, last) = deploy.end();
        // What can't be written down is not done: it goes back, without a record.
        assert_eq!(code, 5, "{last:#}");
        let said = last.to_string();
        assert!(said.contains("disk is full") && said.contains(&format!("qd undo {number}")), "{last:#}");
        assert_eq!((stage.containers(), stage.volumes()), before, "all is as before");
        disk.free();
        let said = stage.qd(&["stop", "lone", "--yes"]).expect(4).said();
        assert!(said.contains("left in the middle"), "{said}");
        stage.qd(&[word, "--yes"]).expect(ends);
        assert_eq!((stage.containers(), stage.volumes()), before, "all is as before");
    }
    stage.qd(&["deploy", "lone", "qdtest/app:v2", "--yes"]).expect(0);
}

#[test]
fn a_full_disk_under_the_engine_is_undone() {
    if stage().is_none() {
        return;
    }
    // An engine of its own, on a disk that can be filled.
    let dir = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(&dir.path().join("data"), "size=64m");
    let control = |verb: &str| {
        // Its bridge and its rules are not those of the other one.
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/engine");
        let mut command = Command::new("unshare");
        command.arg("--net").arg(script).arg(verb).arg(dir.path()).stdout(Stdio::null());
        command.stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(control("start"), "a second engine starts");
    let small = Reference { host: format!("unix://{}/docker.sock", dir.path().display()) };
    let there = Stage::on(small.clone());
    let ended = std::panic::catch_unwind(|| {
        assert!(control("images"), "images on a second engine");
        small.run("lone", &["--network", "none"], "sleep 100000");
        small.docker(&["tag", "qdtest/base:1", "qdtest/base:2"]);
        let look = || small.docker(&["ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.ID}} {{.State}}"]);
        let before = look();
        disk.fill();
        let recreate = || there.qd(&["recreate", "lone", "--yes"]);
        let ended = recreate();
        let said = ended.said();
        assert!(matches!(ended.code, 4 | 5), "{}: {said}", ended.code);
        assert!(said.contains("no space left"), "{said}");
        assert_eq!(look(), before, "nothing is left of it");
        disk.free();
        recreate().expect(0);
        assert_ne!(look(), before);
    });
    control("stop");
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_name_that_is_taken_is_passed_over_and_one_taken_meanwhile_left_alone() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "web"]);
    stage.healthy("app_web_1");
    // Before it was planned.
    stage.reference.run("app_web_2", &[], "sleep 100000");
    stage.qd(&["scale", "app/web", "2", "--yes"]).expect(0);
    assert_eq!(stage.names(), ["app_web_1", "app_web_2", "app_web_3"]);
    // Between the plan and the yes.
    let home = tempfile::tempdir().unwrap();
    let args = ["--host", &stage.reference.host, "scale", "app/web", "3"];
    let mut term = Term::start(&args, 180, 30, &[], home.path());
    term.see("[y/N]");
    stage.reference.run("app_web_4", &[], "sleep 100000");
    let before = (stage.containers(), stage.volumes());
    term.keys("y\r");
    term.see("app_web_4 is taken");
    term.see("everything is as it was");
    assert_eq!((stage.containers(), stage.volumes()), before);
}

#[test]
fn a_service_of_which_nothing_runs() {
    let Some(stage) = stage() else { return };
    stage.compose(&["up", "-d", "--scale", "web=2", "web"]);
    stage.healthy("app_web_1");
    stage.healthy("app_web_2");
    stage.qd(&["stop", "app/web", "--yes"]).expect(0);
    let states = || -> Vec<String> {
        let all = stage.containers();
        all.iter().map(|c| c.split(' ').skip(2).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(states(), ["exited", "exited"]);
    // What was stopped is replaced, and stays stopped.
    stage.qd(&["deploy", "app/web", "qdtest/app:v2", "--yes"]).expect(0);
    assert_eq!((stage.names(), states().len()), (vec!["app_web_1".into(), "app_web_2".into()], 2));
    assert!(!states().contains(&"running".to_owned()), "{:?}", states());
    for name in stage.names() {
        assert!(stage.inspect_image(&name).ends_with("v2"), "{name}");
    }
    stage.qd(&["rollback", "app/web", "--yes"]).expect(0);
    assert!(!states().contains(&"running".to_owned()), "{:?}", states());
    // To have two is to have two that run.
    stage.qd(&["scale", "app/web", "2", "--yes"]).expect(0);
    assert_eq!(states(), ["running", "running"]);
    assert_eq!(stage.answers("app_web_2", "version"), "v1");
    stage.qd(&["stop", "app/web", "--yes"]).expect(0);
    stage.qd(&["scale", "app/web", "3", "--yes"]).expect(0);
    assert_eq!(states(), ["running", "running", "running"]);
    stage.qd(&["stop", "app/web", "--yes"]).expect(0);
    stage.qd(&["scale", "app/web", "1", "--yes"]).expect(0);
    assert_eq!(stage.names(), ["app_web_1"]);
    let before = stage.containers();
    stage.qd(&["restart", "app/web", "--yes"]).expect(0);
    assert_eq!(states(), ["running"]);
    assert_eq!(before[0].split(' ').nth(1), stage.containers()[0].split(' ').nth(1), "the same one");
}

#[test]
fn many_replicas() {
    const MANY: usize = 50;
    let Some(stage) = stage() else { return };
    let labels = |key: &str, value: &str| format!("com.docker.compose.{key}={value}");
    let labels = [
        labels("project", "many"),
        labels("service", "idle"),
        labels("container-number", "1"),
        labels("oneoff", "False"),
        labels("config-hash", "c0ffee"),
        labels("version", "1.29.2"),
        "quarterdeck.gate.stay=100ms".to_owned(),
        "quarterdeck.gate.settle=50ms".to_owned(),
    ];
    let mut options = vec!["--network", "none", "--stop-timeout", "1"];
    options.extend(labels.iter().flat_map(|label| ["--label", label.as_str()]));
    stage.reference.run("many_idle_1", &options, "trap 'exit 0' TERM; sleep 100000 & wait");
    let first = stage.containers();
    let began = Instant::now();
    stage.qd(&["scale", "many/idle", &MANY.to_string(), "--yes"]).expect(0);
    let up = began.elapsed();
    assert_eq!(stage.containers().iter().filter(|c| c.ends_with(" running")).count(), MANY);
    let began = Instant::now();
    stage.qd(&["scale", "many/idle", "1", "--yes"]).expect(0);
    println!("many: 1 → {MANY} in {up:.1?}, {MANY} → 1 in {:.1?}", began.elapsed());
    assert_eq!(stage.containers(), first);
}
