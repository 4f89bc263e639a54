//! The engine killed under qd's at work, and with it some of them, as in a power failure.
//!
//! An engine takes seconds to start. So several places are operated on at once: each comes to a step
//! of its own and stands there until all have, then the engine is killed under all of them.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::cases::{End, Op, full};
use crate::place::{Place, said};
use crate::walk::{Walk, killed};

/// How long a qd may take to end once its engine is back.
const PATIENCE: Duration = Duration::from_mins(4);

/// How often it ended as wanted, and as it was.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    pub new: usize,
    pub old: usize,
    /// Of these, with qd killed as well.
    pub both: usize,
}

/// A place and what is done to it.
pub struct Seat {
    walk: Walk,
    scales: bool,
    /// qd is killed too.
    dies: bool,
    /// The engine forgot itself here: nothing more can be tried.
    dead: bool,
    /// How many steps an operation has here.
    steps: Vec<(Op, u32)>,
    ends: Ends,
}

impl Seat {
    pub fn new(place: Place, scales: bool, dies: bool) -> Self {
        let mut walk = Walk::new(place);
        let mut steps = Vec::new();
        for op in if scales { [Op::Up, Op::Down] } else { [Op::Deploy, Op::Rollback] } {
            walk.turn_to(op);
            steps.push((op, walk.plan(op).last().unwrap().number));
        }
        walk.patient = true;
        Self { walk, scales, dies, dead: false, steps, ends: Ends::default() }
    }

    /// As many steps as its longest operation has.
    pub fn longest(&self) -> u32 {
        self.steps.iter().map(|(_, steps)| *steps).max().unwrap()
    }

    pub fn done(self) -> Ends {
        self.walk.done();
        self.ends
    }

    /// One round. `reached` hears that it stands where the engine is to be killed, with the process
    /// that waits for it; `back` ends when the engine is there again.
    fn play(&mut self, round: u32, reached: Sender<Option<Pid>>, back: &Receiver<()>) {
        if self.dead {
            return;
        }
        // The operations by turns: up and down soon, the others when one has come to its end.
        let longest = self.longest();
        let (which, nth) = match self.scales {
            true => (round / 2 % 2, round / 4 * 2 + round % 2),
            false => (round / longest % 2, round % longest),
        };
        let (op, steps) = self.steps[which as usize];
        self.walk.turn_to(op);
        let number = nth % steps + 1;
        if self.dies {
            self.both(op, number, round, reached, back);
        } else {
            self.engine_only(op, number, reached, back);
        }
    }

    /// What comes of it: qd waits for the engine and ends well, or goes back, but never in between.
    fn engine_only(&mut self, op: Op, number: u32, reached: Sender<Option<Pid>>, back: &Receiver<()>) {
        let wanted = self.walk.wanted(op);
        let args = self.walk.args(op);
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.extend(["--yes", "-o", "json"]);
        let mut command = self.walk.place.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let here = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["event"] == "began" && line["number"] == number && line["direction"] == "forward"
        };
        let what = format!("{} {op:?}, engine killed at step {number}", self.walk.place.name);
        assert!(lines.any(|line| here(&line.unwrap())), "{what}: it never came there");
        kill_process(pid, Signal::STOP).unwrap();
        reached.send(Some(pid)).unwrap();
        drop(reached);
        let _ = back.recv();
        let out = wait(child, lines.map(|line| line.unwrap() + "\n"));
        let what = format!("{what}: {}", said(&out));
        match out.status.code() {
            Some(0) => {
                self.walk.is_new(&wanted, &what, &out);
                self.ends.new += 1;
            }
            Some(5) => {
                self.walk.is_as_before("undone", &what, &out);
                self.ends.old += 1;
            }
            // The engine took too long for it.
            Some(6) => {
                self.walk.end(&wanted, End::Finish, &what);
                self.ends.new += 1;
            }
            // dockerd 20.10, killed in the middle of a start, may hold the port for nobody when it is
            // back: nothing starts there until it is restarted, and qd says what to type then.
            Some(1) if what.contains("port is already allocated") && what.contains("docker start") => {
                // Nobody: were one of them to run, the fault would be qd's.
                let picture = self.walk.place.picture();
                assert!(picture.values().all(|found| found.state != "running"), "{what}\n{picture:#?}");
                eprintln!(
                    "{}: the engine keeps its port for nobody; left alone from here",
                    self.walk.place.name
                );
                self.dead = true;
            }
            _ => panic!("{what}\n{:#?}", self.walk.place.picture()),
        }
    }

    fn both(&mut self, op: Op, number: u32, round: u32, reached: Sender<Option<Pid>>, back: &Receiver<()>) {
        // All four by turns, and with the next operation the other end.
        let nth = number / 2;
        let word = if (nth + number).is_multiple_of(2) { "mid-before" } else { "mid-after" };
        let turn = (nth / 2 + round / self.longest()).is_multiple_of(2);
        let end = if turn { End::Finish } else { End::Undo };
        let wanted = self.walk.wanted(op);
        let out = self.walk.operate(op, Some(&format!("{word}:{number}")));
        let what = format!("{} {op:?}, both killed at {word}:{number}, {}", self.walk.place.name, end.word());
        assert!(killed(&out), "{what}: {}", said(&out));
        reached.send(None).unwrap();
        drop(reached);
        let _ = back.recv();
        let out = self.walk.place.qd(&[end.word(), "--yes"], None);
        self.ends.both += 1;
        if end == End::Finish && out.status.code() == Some(5) {
            // The engine may have come back at odds with itself (`task … already exists`) and refuse:
            // then it goes back.
            self.walk.is_as_before("undone", &what, &out);
            self.ends.old += 1;
            return;
        }
        let end = self.walk.ends(out, &wanted, end, &what);
        match end {
            End::Finish => self.ends.new += 1,
            End::Undo => self.ends.old += 1,
        }
    }
}

/// Every step of the longest operation, either with qd or without: the seats where it dies are one
/// step ahead. Where all is asked for, every step both ways, of all operations.
pub fn rounds(seats: &mut [Seat], control: impl Fn(&str)) {
    let steps = seats.iter().map(Seat::longest).max().unwrap();
    for round in (0..if full() { steps * 2 } else { steps }).step_by(if full() { 1 } else { 2 }) {
        std::thread::scope(|scope| {
            let (reached, at) = channel();
            let mut backs = Vec::new();
            for seat in seats.iter_mut() {
                let (back, is_back) = channel();
                backs.push(back);
                let reached = reached.clone();
                let round = round + u32::from(seat.dies && !full());
                scope.spawn(move || seat.play(round, reached, &is_back));
            }
            drop(reached);
            // All of them stand, or have failed.
            let standing: Vec<Pid> = at.iter().flatten().collect();
            for pid in standing {
                kill_process(pid, Signal::CONT).unwrap();
            }
            // Now before the engine hears of the step, now in the middle of it, now after.
            std::thread::sleep(Duration::from_millis(u64::from(round * 11 % 60)));
            control("kill");
            control("start");
            drop(backs);
        });
    }
}

/// What it said until its end; killed if that does not come.
fn wait(mut child: Child, rest: impl Iterator<Item = String> + Send) -> Output {
    let pid = Pid::from_child(&child);
    std::thread::scope(|scope| {
        let (ended, end) = channel::<()>();
        scope.spawn(move || {
            if end.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let stdout: String = rest.collect();
        let mut stderr = String::new();
        let mut errors = child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut errors, &mut stderr).unwrap();
        let status = child.wait().unwrap();
        drop(ended);
        Output { status, stdout: stdout.into_bytes(), stderr: stderr.into_bytes() }
    })
}
