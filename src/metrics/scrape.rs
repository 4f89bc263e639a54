//! One asking of one target, from beginning to answer, within its timeout.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::time::sleep;

use super::exec;
use super::fold::{Collector, Snapshot, Wanted};
use super::parse::{Reader, Tally};
use super::rates::Course;
use super::target::{Ask, Target};
use crate::fleet::{Reading, Scraped};
use crate::probe::{Goal, Http, Tools, fetch};
use crate::text::human;

/// The most that is read of an answer, bytes. Nothing of it is kept but what is wanted.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// Side by side, where each is asked once.
const SIDE_BY_SIDE: usize = 16;

/// One answer.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// When it came, by the clock.
    pub at: Timestamp,
    /// The same by a clock that nobody sets.
    pub instant: Instant,
    /// How long it took; `None` where nothing was tried.
    pub took: Option<Duration>,
    /// What it says, or why it says nothing: one sanitised clause.
    pub result: Result<Found, Arc<str>>,
    /// What was wrong with it though it says something: one clause.
    pub remark: Option<Arc<str>>,
}

/// What an answer says.
#[derive(Clone, Debug)]
pub enum Found {
    /// A text, folded.
    Text(Box<Snapshot>),
    /// A command's number.
    Number(Reading),
}

/// Ask once.
pub async fn scrape(tools: &Tools, target: &Target) -> Scrape {
    let began = Instant::now();
    let (result, remark) = match &target.ask {
        Ask::Text { http, wanted } => match text(tools, target, http, wanted).await {
            Ok((snapshot, remark)) => (Ok(Found::Text(Box::new(snapshot))), remark),
            Err(why) => (Err(why), None),
        },
        Ask::Command(rule) => (exec::run(tools, target, rule).await.map(Found::Number), None),
    };
    // Rates are from the moment the answer was whole to the next such moment.
    let instant = Instant::now();
    let took = (!matches!(target.goal, Goal::Nowhere(_))).then(|| instant - began);
    Scrape { at: Timestamp::now(), instant, took, result, remark }
}

async fn text(
    tools: &Tools,
    target: &Target,
    http: &Http,
    wanted: &Wanted,
) -> Result<(Snapshot, Option<Arc<str>>), Arc<str>> {
    if let Goal::Simulated { .. } = target.goal {
        return Err("a simulated service serves no metrics".into());
    }
    let (mut reader, mut collector, mut read) = (Reader::default(), Collector::new(wanted), 0);
    let take = |piece: &[u8]| {
        let room = MAX_BODY - read;
        let piece = piece.get(..room).unwrap_or(piece);
        reader.feed(piece, &mut collector);
        read += piece.len();
        read < MAX_BODY
    };
    fetch(tools, &target.goal, http, target.pace.timeout, take).await?;
    let whole = read < MAX_BODY;
    let tally = reader.end(whole, &mut collector);
    let mut snapshot = collector.end();
    if !whole {
        snapshot.cut();
    }
    remark(&tally, &snapshot, whole).map(|remark| (snapshot, remark))
}

/// What there is to say of an answer; an error where there is nothing in it.
fn remark(tally: &Tally, snapshot: &Snapshot, whole: bool) -> Result<Option<Arc<str>>, Arc<str>> {
    let bad = tally.first_bad.map(|(line, what)| match tally.bad {
        1 => format!("line {line} can't be read: {}", what.0),
        n => format!("{} lines can't be read, the first is line {line}: {}", human::count(n), what.0),
    });
    if tally.samples == 0 {
        let bad = bad.map_or_else(String::new, |bad| format!(" ({bad})"));
        return Err(format!("nothing in it is known or named in the config{bad}").into());
    }
    let mut words: Vec<String> = Vec::new();
    if !whole {
        words.push("it is longer than 64 MiB: the rest is not read".into());
    } else if snapshot.is_full() {
        words.push("it has more series of requests than are counted".into());
    }
    words.extend(bad);
    Ok((!words.is_empty()).then(|| words.join("; ").into()))
}

/// Ask each twice, `gap` apart, or once where that is `None`: what each says. Commands are asked
/// once.
pub async fn pairs(tools: &Tools, targets: &[Arc<Target>], gap: Option<Duration>) -> Vec<Scraped> {
    let mut courses: Vec<Course> = targets.iter().map(|_| Course::default()).collect();
    if let Some(gap) = gap.filter(|_| targets.iter().any(|target| matches!(target.ask, Ask::Text { .. }))) {
        let first = round(tools, targets, |target| matches!(target.ask, Ask::Text { .. })).await;
        for ((target, course), scrape) in targets.iter().zip(&mut courses).zip(first) {
            if let Some(scrape) = scrape {
                target.fold(course, scrape);
            }
        }
        sleep(gap).await;
    }
    let last = round(tools, targets, |_| true).await;
    let all = targets.iter().zip(&mut courses).zip(last);
    all.filter_map(|((target, course), scrape)| Some(target.fold(course, scrape?))).collect()
}

/// Each of those once, side by side, in their order.
async fn round(tools: &Tools, targets: &[Arc<Target>], which: fn(&Target) -> bool) -> Vec<Option<Scrape>> {
    let all: Vec<_> = targets
        .iter()
        .map(|target| {
            let (tools, target) = (tools.clone(), target.clone());
            async move { if which(&target) { Some(scrape(&tools, &target).await) } else { None } }.boxed()
        })
        .collect();
    futures_util::stream::iter(all).buffered(SIDE_BY_SIDE).collect().await
}
