//! From case to case on one place.

use std::ops::Range;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::place::{Picture, Place, said};

/// Cases that ended clean, of all walks.
pub static CASES: AtomicUsize = AtomicUsize::new(0);

/// Points around one step where nobody knows afterwards whether it happened.
const UNSURE: [&str; 2] = ["mid-before", "mid-after"];
/// No plan here has as many steps.
pub const STEPS: u32 = 60;
/// What fails here fails at its first replica, so at one of these.
const LAST_BACK: u32 = 7;

/// What is done to the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Version 1 → 2, or 2 → 1.
    Deploy,
    /// To what ran before.
    Rollback,
    /// Two replicas → three, or three → two.
    Scale,
}

/// How an operation shall end that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Finish,
    Undo,
}

/// A place and how it should be now.
pub struct Walk {
    place: Place,
    now: Picture,
    /// Volumes that were nobody's when the case began; where volumes are of interest.
    strays: Option<usize>,
}

impl Walk {
    /// Begin with a place that nothing was done to.
    pub fn new(place: Place) -> Self {
        let now = place.picture();
        let mut walk = Self { place, now, strays: None };
        walk.first_sight();
        walk
    }

    /// Nothing is left in the middle.
    pub fn done(self) {
        let out = self.place.qd(&["finish", "--yes"], None);
        assert!(said(&out).contains("nothing to finish"), "{}: {}", self.place.name, said(&out));
    }

    /// A rollback needs a past: version 2, then 1 again.
    fn first_sight(&mut self) {
        for image in [":2", ":1"] {
            let service = self.place.service_name();
            let out = self.place.qd(&["deploy", &service, image, "--pull", "never", "--yes"], None);
            assert!(out.status.success(), "{}: {}", self.place.name, said(&out));
        }
        let after = self.place.picture();
        assert!(after.keys().eq(self.now.keys()), "{after:#?}");
        self.now = after;
    }

    /// Killed around every step of these, and each time finished once and undone once.
    pub fn all(&mut self, op: Op, steps: Range<u32>) {
        self.steps(op, steps, |_, point| {
            let ends = [End::Finish, End::Undo];
            ends.into_iter().map(|end| (point, end)).collect()
        });
    }

    /// Killed around every step, finished and undone by turns.
    pub fn some(&mut self, op: Op) {
        self.steps(op, 1..STEPS, |number, point| {
            let finish = (number % 2 == 0) == (point == UNSURE[0]);
            vec![(point, if finish { End::Finish } else { End::Undo })]
        });
    }

    fn steps(
        &mut self,
        op: Op,
        steps: Range<u32>,
        cases: impl Fn(u32, &'static str) -> Vec<(&'static str, End)>,
    ) {
        // Scaling has two directions; each is walked for itself.
        for _ in 0..if op == Op::Scale { 2 } else { 1 } {
            'step: for number in steps.clone() {
                for point in UNSURE {
                    for (point, end) in cases(number, point) {
                        if !self.case(op, &format!("{point}:{number}"), end) {
                            break 'step;
                        }
                    }
                }
            }
        }
    }

    /// One case. `false`: the plan has no such step, so it was carried out.
    fn case(&mut self, op: Op, point: &str, end: End) -> bool {
        let wanted = self.wanted(op);
        self.count_volumes(op);
        let out = self.operate(op, Some(point));
        let what = format!("{} {op:?} killed at {point}, {end:?}", self.place.name);
        if out.status.success() {
            self.is_new(&wanted, &what, &out);
            return false;
        }
        assert!(killed(&out), "{what}: {}", said(&out));
        self.end(&wanted, end, &what);
        true
    }

    fn end(&mut self, wanted: &Picture, end: End, what: &str) {
        let word = if end == End::Finish { "finish" } else { "undo" };
        let mut out = self.place.qd(&[word, "--yes"], None);
        let refused = end == End::Undo && out.status.code() == Some(4);
        if refused {
            // Past the point of no return: a predecessor is removed.
            assert!(said(&out).contains("can't be undone any more"), "{what}: {}", said(&out));
            out = self.place.qd(&["finish", "--yes"], None);
        }
        if end == End::Finish || refused {
            assert!(out.status.success(), "{what}: {}\n{:#?}", said(&out), self.place.picture());
            self.is_new(wanted, what, &out);
        } else {
            self.is_as_before(what, &out);
        }
        CASES.fetch_add(1, Ordering::Relaxed);
    }

    /// Killed on the way back from what fails: undone then; to finish it is to fail again.
    pub fn back(&mut self, op: Op) {
        for number in 1..STEPS {
            let mut killed_here = false;
            for point in UNSURE {
                for end in ["finish", "undo"] {
                    let point = format!("undo-{point}:{number}");
                    let what = format!("{} {op:?} that fails, killed at {point}, {end}", self.place.name);
                    self.count_volumes(op);
                    let service = self.place.service_name();
                    let spoilt = op == Op::Scale;
                    if spoilt {
                        self.place.spoil(true);
                    }
                    let args = match op {
                        Op::Scale => ["scale", &service, "3", "--yes", "-o", "json"],
                        _ => ["deploy", &service, "qdcrash/app:bad", "--yes", "--pull", "never"],
                    };
                    let out = self.place.qd(&args, Some(&point));
                    let fell = killed(&out);
                    let out = if fell { self.place.qd(&[end, "--yes"], None) } else { out };
                    if spoilt {
                        self.place.spoil(false);
                    }
                    if !fell {
                        // A gate, or a step that was not begun: nothing to take back there.
                        assert_eq!(out.status.code(), Some(5), "{what}: {}", said(&out));
                        self.is_as_before(&what, &out);
                        continue;
                    }
                    killed_here = true;
                    if end == "finish" {
                        assert_eq!(out.status.code(), Some(5), "{what}: {}", said(&out));
                    }
                    self.is_as_before(&what, &out);
                    CASES.fetch_add(1, Ordering::Relaxed);
                }
            }
            if !killed_here && number > LAST_BACK {
                return;
            }
        }
    }

    fn operate(&self, op: Op, crash: Option<&str>) -> Output {
        let service = self.place.service_name();
        let args: Vec<String> = match op {
            Op::Deploy => {
                let to = if self.version() == "1" { ":2" } else { ":1" };
                ["deploy", &service, to, "--pull", "never"].map(str::to_owned).to_vec()
            }
            Op::Rollback => ["rollback", &service].map(str::to_owned).to_vec(),
            Op::Scale => vec!["scale".into(), service, self.other_count().to_string()],
        };
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.push("--yes");
        self.place.qd(&args, crash)
    }

    fn version(&self) -> &str {
        self.now.values().next().unwrap().image.rsplit(':').next().unwrap()
    }

    fn other_count(&self) -> usize {
        if self.now.len() == 2 { 3 } else { 2 }
    }

    /// How it should look once done; ids of what is made are not known.
    fn wanted(&self, op: Op) -> Picture {
        let mut wanted = self.now.clone();
        match op {
            Op::Deploy | Op::Rollback => {
                let to = if self.version() == "1" { "qdcrash/app:2" } else { "qdcrash/app:1" };
                for found in wanted.values_mut() {
                    to.clone_into(&mut found.image);
                    found.id.clear();
                }
            }
            Op::Scale if self.now.len() == 2 => {
                let mut new = wanted.values().next().unwrap().clone();
                new.id.clear();
                new.scratch.clear();
                wanted.insert(format!("{}_web_3", self.place.name), new);
            }
            Op::Scale => {
                wanted.pop_last();
            }
        }
        wanted
    }

    fn is_new(&mut self, wanted: &Picture, what: &str, out: &Output) {
        let after = self.place.picture();
        let mut plain = after.clone();
        for (name, found) in &mut plain {
            let Some(like) = wanted.get(name) else { continue };
            if like.id.is_empty() {
                let old = self.now.get(name).map(|f| &f.id);
                assert_ne!(Some(&found.id), old, "{what}: {name} is the old one\n{}", said(out));
                found.id.clear();
            }
            if like.scratch.is_empty() {
                assert!(!found.scratch.is_empty(), "{what}: {name} has a volume of its own");
                found.scratch.clear();
            }
        }
        assert_eq!(&plain, wanted, "{what}\n{}", said(out));
        self.now = after;
    }

    fn is_as_before(&self, what: &str, out: &Output) {
        assert_eq!(self.place.picture(), self.now, "{what}\n{}", said(out));
        if let Some(strays) = self.strays {
            assert!(self.place.stray_volumes() <= strays, "{what}: a volume is left behind");
        }
    }

    /// Only scaling makes replicas with volumes of their own, and only one place is scaled.
    fn count_volumes(&mut self, op: Op) {
        self.strays = (op == Op::Scale).then(|| self.place.stray_volumes());
    }
}

/// It was killed, by itself.
fn killed(out: &Output) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    // `timeout` passes the signal on, or tells of it.
    out.status.signal() == Some(6) || out.status.code() == Some(128 + 6)
}
