//! Each injected fault turns the right row red, for the right reason, in time.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::matrix::{self, Fault};
use crate::stage::{self, EXEC_INTERVAL, INTERVAL, RETRIES, Stage, stage};

/// How often a fault that is told too late is tried: machines can be busy with others.
const GOES: usize = 3;
/// What is allowed beside interval × retries.
const SLACK: Duration = Duration::from_secs(2);

/// What a fault came to.
struct Told {
    fault: Fault,
    /// From the fault to the row; `None` = never.
    took: Option<Duration>,
    /// What the row said at last.
    last: String,
}

impl Told {
    fn bound(&self) -> Duration {
        (if self.fault.exec { EXEC_INTERVAL } else { INTERVAL }) * RETRIES + SLACK
    }

    fn in_time(&self) -> bool {
        self.took.is_some_and(|took| took <= self.bound())
    }
}

#[test]
fn every_fault_of_every_platform_turns_the_right_row_for_the_right_reason_in_time() {
    let Some(stage) = stage() else { return };
    let mut told: Vec<Told> = Vec::new();
    let mut innocent: Vec<String> = Vec::new();
    let mut left = matrix::all();
    let count = left.len();
    for go in 1..=GOES {
        for wave in waves(left) {
            let began = Instant::now();
            told.extend(play(stage, &wave, &mut innocent));
            println!(
                "go {go}: {} faults at once, and mended, in {:.0} s",
                wave.len(),
                began.elapsed().as_secs_f64()
            );
        }
        let late: Vec<Told> = told.extract_if(.., |told| !told.in_time()).collect();
        for told in &late {
            eprintln!("go {go}: {} of {}: {:?}, {}", told.fault.name, told.fault.row, told.took, told.last);
        }
        left = late.iter().map(|told| told.fault).collect();
        if go == GOES {
            told.extend(late);
        }
    }
    println!("{}", table(&told));
    assert_eq!(told.len(), count);
    let missed: Vec<String> = told
        .iter()
        .filter(|told| !told.in_time())
        .map(|told| {
            let Fault { platform, name, row, health, why, .. } = told.fault;
            let (took, last) = (told.took, &told.last);
            format!("{platform}: {name}: {row} was to be {} ({why}): {took:?}, at last {last}", health.word())
        })
        .collect();
    assert!(missed.is_empty(), "not told in time, or not for the right reason:\n{}", missed.join("\n"));
    assert!(innocent.is_empty(), "red without being concerned:\n{}", innocent.join("\n"));
}

/// What concerns different services may happen at the same time.
fn waves(faults: Vec<Fault>) -> Vec<Vec<Fault>> {
    let mut waves: Vec<(BTreeSet<&str>, Vec<Fault>)> = Vec::new();
    for fault in faults {
        let free = |taken: &BTreeSet<&str>| fault.touches().all(|service| !taken.contains(service));
        let place = waves.iter().position(|(taken, _)| free(taken)).unwrap_or_else(|| {
            waves.push((BTreeSet::new(), Vec::new()));
            waves.len() - 1
        });
        waves[place].0.extend(fault.touches());
        waves[place].1.push(fault);
    }
    waves.into_iter().map(|(_, faults)| faults).collect()
}

/// Break all of these at once, see what is told, mend them.
fn play(stage: &Stage, wave: &[Fault], innocent: &mut Vec<String>) -> Vec<Told> {
    let done = AtomicBool::new(false);
    let told = std::thread::scope(|scope| {
        let begun: Vec<_> = wave
            .iter()
            .map(|fault| {
                scope.spawn(|| {
                    // What is broken again and again is so by somebody else.
                    let now = Instant::now();
                    let began = if fault.again { now } else { fault.breaks.inject(stage, fault.at) };
                    see(stage, *fault, began)
                })
            })
            .collect();
        for fault in wave.iter().filter(|fault| fault.again) {
            scope.spawn(|| fault.breaks.repeat(stage, fault.at, &done));
        }
        let told: Vec<Told> = begun.into_iter().map(|one| one.join().unwrap()).collect();
        done.store(true, Ordering::SeqCst);
        told
    });
    innocent.extend(red_and_not_concerned(stage, wave));
    std::thread::scope(|scope| {
        for fault in wave {
            scope.spawn(|| {
                if fault.again { stage.start_anew(fault.at) } else { fault.breaks.mend(stage, fault.at) }
            });
        }
    });
    stage.settle();
    told
}

/// Look at a row until it says what it has to say.
fn see(stage: &Stage, fault: Fault, began: Instant) -> Told {
    let mut last = String::new();
    let mut told = Told { fault, took: None, last: String::new() };
    while began.elapsed() < told.bound() + Duration::from_secs(3) {
        if let Some(since) = stage.verdict(fault.row) {
            if since.health == fault.health && since.why.contains(fault.why) {
                told.took = Some(began.elapsed());
                last = format!("{}: {}", since.health.word(), since.why);
                break;
            }
            last = format!("{}: {}", since.health.word(), since.why);
        }
        std::thread::sleep(Duration::from_millis(15));
    }
    told.last = last;
    told
}

/// Rows that are red, stay so, and have nothing to do with any of the faults.
fn red_and_not_concerned(stage: &Stage, wave: &[Fault]) -> Vec<String> {
    let red = || -> Vec<(String, String)> {
        let wrong = stage.live.look(|seen| stage::wrong(&seen.fleet));
        let broken = wrong.into_iter().filter(|(_, since)| since.health.is_broken());
        let strange = broken.filter(|(path, _)| !wave.iter().any(|f| f.touches().any(|it| it == path)));
        strange.map(|(path, since)| (path, since.why)).collect()
    };
    let first = red();
    if first.is_empty() {
        return Vec::new();
    }
    // On a busy machine an answer may come late once.
    std::thread::sleep(INTERVAL * RETRIES);
    let still = red();
    first
        .into_iter()
        .filter(|one| still.iter().any(|two| two.0 == one.0))
        .map(|(p, w)| format!("{p}: {w}"))
        .collect()
}

/// A row a fault, a column a platform: seconds from the fault to the row.
fn table(told: &[Told]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for one in told {
        if !names.contains(&one.fault.name) {
            names.push(one.fault.name);
        }
    }
    let mut out = String::from("\nseconds from the fault to the row, by platform:\n");
    let _ = writeln!(out, "{:<20}{:>6}{:>6}{:>6}{:>6}{:>6}", "", "A", "B", "C", "D", "E");
    for name in names {
        let _ = write!(out, "{name:<20}");
        for platform in ["a", "b", "c", "d", "e"] {
            let one = told.iter().find(|one| one.fault.name == name && one.fault.platform == platform);
            let cell = match one {
                None => String::new(),
                Some(Told { took: Some(took), .. }) => format!("{:.1}", took.as_secs_f64()),
                Some(_) => "never".to_owned(),
            };
            let _ = write!(out, "{cell:>6}");
        }
        out.push('\n');
    }
    out
}
