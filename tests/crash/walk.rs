//! From case to case on one place.

use std::collections::VecDeque;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::cases::{Case, End, Extent, Op, Step, forward, full, steps, undone};
use crate::place::{Picture, Place, said, stray_volumes};

/// What fails here fails at its first replica, so at one of these.
const LAST_BACK: u32 = 7;
/// How long an engine may take to start again what it lost.
const REVIVAL: Duration = Duration::from_mins(1);

/// A place and how it should be now.
pub struct Walk {
    pub place: Place,
    now: Picture,
    /// The engine was killed: what it lost may be on its way up.
    pub patient: bool,
    /// Volumes that are nobody's; where that is kept.
    strays: Option<usize>,
    /// Cases that ended clean.
    cases: usize,
}

impl Walk {
    /// Begin with a place that nothing was done to.
    pub fn new(place: Place) -> Self {
        let now = place.picture();
        let mut walk = Self { place, now, patient: false, strays: None, cases: 0 };
        // A rollback needs a past: version 2, then 1 again.
        for _ in 0..2 {
            walk.plainly(Op::Deploy);
        }
        walk
    }

    /// Nothing is left in the middle; the place is no longer needed.
    /// Gives the number of cases that ended clean.
    pub fn done(self) -> usize {
        let out = self.place.qd(&["finish", "--yes"], None);
        assert!(said(&out).contains("nothing to finish"), "{}: {}", self.place.name, said(&out));
        self.place.clear();
        self.cases
    }

    /// Of the way forward of an operation, every `parts`th case from the `part`th on.
    pub fn forward(&mut self, op: Op, extent: Extent, (part, parts): (usize, usize)) {
        let cases = forward(op, &self.plan(op), extent.or_full());
        self.cases(cases.into_iter().skip(part).step_by(parts).collect());
    }

    /// Killed in the undo.
    pub fn undone(&mut self, op: Op, extent: Extent) {
        let cases = undone(op, &self.plan(op), extent.or_full());
        self.cases(cases.into());
    }

    /// Scaling, up and down, forward and in the undo: the only operation that makes replicas with
    /// volumes of their own, so volumes can be counted where only one place is scaled.
    pub fn scaling(&mut self) {
        self.strays = Some(stray_volumes(&self.place.reference));
        let mut cases = VecDeque::new();
        for op in [Op::Up, Op::Down] {
            self.turn_to(op);
            let steps = self.plan(op);
            cases.extend(forward(op, &steps, Extent::Turns.or_full()));
            cases.extend(undone(op, &steps, Extent::Once.or_full()));
        }
        self.cases(cases);
    }

    /// Some order of them in which one leads to the next.
    fn cases(&mut self, mut cases: VecDeque<Case>) {
        while let Some(first) = cases.front().map(|case| case.op) {
            let at = cases.iter().position(|case| self.fits(case.op));
            match at.and_then(|at| cases.remove(at)) {
                Some(case) => self.case(&case),
                None => self.turn_to(first),
            }
        }
    }

    /// Whether it can be done now.
    fn fits(&self, op: Op) -> bool {
        match op {
            Op::Deploy | Op::Rollback => true,
            Op::Up => self.now.len() == 2,
            Op::Down => self.now.len() == 4,
        }
    }

    /// See that it can be done.
    pub fn turn_to(&mut self, op: Op) {
        if !self.fits(op) {
            self.plainly(if op == Op::Up { Op::Down } else { Op::Up });
        }
    }

    /// Killed nowhere.
    fn plainly(&mut self, op: Op) {
        let wanted = self.wanted(op);
        let out = self.operate(op, None);
        assert!(out.status.success(), "{} {op:?}: {}", self.place.name, said(&out));
        self.is_new(&wanted, &format!("{} {op:?}", self.place.name), &out);
    }

    fn case(&mut self, case: &Case) {
        let wanted = self.wanted(case.op);
        let what = format!("{} {case}", self.place.name);
        let out = self.operate(case.op, Some(&case.at));
        assert!(killed(&out), "{what}: {}", said(&out));
        if let Some(at) = &case.undo_at {
            let out = self.place.qd(&["undo", "--yes"], Some(at));
            assert!(killed(&out), "{what}: {}", said(&out));
        }
        self.end(&wanted, case.end, &what);
    }

    /// Finish or undo what was left, and see that it ended so.
    pub fn end(&mut self, wanted: &Picture, end: End, what: &str) {
        let out = self.place.qd(&[end.word(), "--yes"], None);
        self.ends(out, wanted, end, what);
        self.cases += 1;
    }

    /// See that it ended so; how, in the end: what is past the point of no return can't be undone,
    /// and is finished then.
    pub fn ends(&mut self, mut out: Output, wanted: &Picture, mut end: End, what: &str) -> End {
        if end == End::Undo && out.status.code() == Some(4) {
            assert!(said(&out).contains("can't be undone any more"), "{what}: {}", said(&out));
            out = self.place.qd(&["finish", "--yes"], None);
            end = End::Finish;
        }
        if end == End::Finish {
            assert!(out.status.success(), "{what}: {}\n{:#?}", said(&out), self.place.picture());
            self.is_new(wanted, what, &out);
        } else {
            assert!(matches!(out.status.code(), Some(0 | 5)), "{what}: {}", said(&out));
            self.is_as_before("undone", what, &out);
        }
        end
    }

    /// Killed on the way back from what fails: undone then; to finish it is to fail again.
    pub fn back(&mut self, op: Op) {
        let mut hits = 0;
        let mut points = vec![("undoing:0".to_owned(), End::Finish)];
        for number in 1..LAST_BACK {
            for word in ["mid-before", "mid-after"] {
                let turn = number.is_multiple_of(2) == (word == "mid-before");
                let end = if turn { End::Finish } else { End::Undo };
                points.push((format!("undo-{word}:{number}"), end));
                if full() {
                    let other = if turn { End::Undo } else { End::Finish };
                    points.push((format!("undo-{word}:{number}"), other));
                }
            }
        }
        for (point, end) in points {
            hits += usize::from(self.fails(op, &point, end));
        }
        assert!(hits > 4, "{} {op:?}: {hits} points are no way back", self.place.name);
        self.cases += hits;
    }

    /// `false`: that point is not on the way.
    fn fails(&mut self, op: Op, point: &str, end: End) -> bool {
        let what = format!("{} {op:?} that fails, killed at {point}, {}", self.place.name, end.word());
        let service = self.place.service_name();
        let spoilt = op == Op::Up;
        let args = match op {
            Op::Up => ["scale", &service, "4", "--yes", "-o", "json"],
            _ => ["deploy", &service, "qdcrash/app:bad", "--yes", "--pull", "never"],
        };
        self.turn_to(op);
        if spoilt {
            self.place.spoil(true);
        }
        let out = self.place.qd(&args, Some(point));
        let fell = killed(&out);
        let out = if fell { self.place.qd(&[end.word(), "--yes"], None) } else { out };
        if spoilt {
            self.place.spoil(false);
        }
        if !fell || end == End::Finish {
            assert_eq!(out.status.code(), Some(5), "{what}: {}", said(&out));
        }
        self.is_as_before("undone", &what, &out);
        fell
    }

    /// The steps it would take.
    pub fn plan(&self, op: Op) -> Vec<Step> {
        let args = self.args(op);
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.extend(["--dry-run", "-o", "json"]);
        let out = self.place.qd(&args, None);
        let plan = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", said(&out)));
        steps(&plan)
    }

    /// The command.
    pub fn args(&self, op: Op) -> Vec<String> {
        let service = self.place.service_name();
        let args = match op {
            Op::Deploy => {
                let to = if self.version() == "1" { ":2" } else { ":1" };
                vec!["deploy", &service, to, "--pull", "never"]
            }
            Op::Rollback => vec!["rollback", &service],
            Op::Up => vec!["scale", &service, "4"],
            Op::Down => vec!["scale", &service, "2"],
        };
        args.into_iter().map(str::to_owned).collect()
    }

    /// Do it.
    pub fn operate(&self, op: Op, crash: Option<&str>) -> Output {
        let args = self.args(op);
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.push("--yes");
        self.place.qd(&args, crash)
    }

    fn version(&self) -> &str {
        self.now.values().next().unwrap().image.rsplit(':').next().unwrap()
    }

    /// How it should look once done; ids of what is made are not known.
    pub fn wanted(&self, op: Op) -> Picture {
        let mut wanted = self.now.clone();
        match op {
            Op::Deploy | Op::Rollback => {
                let to = if self.version() == "1" { "qdcrash/app:2" } else { "qdcrash/app:1" };
                for found in wanted.values_mut() {
                    to.clone_into(&mut found.image);
                    found.id.clear();
                }
            }
            Op::Up => {
                let mut new = wanted.values().next().unwrap().clone();
                new.id.clear();
                new.scratch.clear();
                wanted.insert(format!("{}_web_3", self.place.name), new.clone());
                wanted.insert(format!("{}_web_4", self.place.name), new);
            }
            Op::Down => {
                wanted.pop_last();
                wanted.pop_last();
            }
        }
        wanted
    }

    /// Exactly the new replicas, and the journal says so.
    pub fn is_new(&mut self, wanted: &Picture, what: &str, out: &Output) {
        let after = self.seen(|found| found.keys().eq(wanted.keys()));
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
        assert_eq!(self.place.ended(), "done", "{what}\n{}", said(out));
        if let Some(strays) = &mut self.strays {
            // What is scaled away leaves its own volume behind, and the plan says so.
            *strays += self.now.len().saturating_sub(after.len());
        }
        self.count_strays(what);
        self.now = after;
    }

    /// Exactly the old replicas, and the journal says so.
    pub fn is_as_before(&self, ended: &str, what: &str, out: &Output) {
        assert_eq!(self.seen(|found| *found == self.now), self.now, "{what}\n{}", said(out));
        assert_eq!(self.place.ended(), ended, "{what}\n{}", said(out));
        self.count_strays(what);
    }

    fn count_strays(&self, what: &str) {
        if let Some(strays) = self.strays {
            assert_eq!(stray_volumes(&self.place.reference), strays, "{what}: volumes that are nobody's");
        }
    }

    /// How it looks; where the engine was killed, once all that it lost is up again.
    fn seen(&self, right: impl Fn(&Picture) -> bool) -> Picture {
        let began = Instant::now();
        loop {
            let picture = self.place.picture();
            let up = picture.values().all(|found| found.state == "running");
            if !self.patient || (right(&picture) && up) || began.elapsed() > REVIVAL {
                return picture;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// It was killed, by itself.
pub fn killed(out: &Output) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    // `timeout` passes the signal on, or tells of it.
    out.status.signal() == Some(6) || out.status.code() == Some(128 + 6)
}
