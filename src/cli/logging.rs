//! qd's own log: into its view and a file for the console, on stderr with `-v` for commands.

use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// The variable that says what is logged.
const VARIABLE: &str = "QD_LOG";
/// Log files kept, one a day.
const FILES: usize = 5;
/// Lines on their way to the file. The default of 128,000 costs 5 MB before the first line.
const QUEUE: usize = 1024;
/// Crates that say too much, some of it secret (whole requests with their environment).
const NOISY: [&str; 4] = ["bollard", "hyper", "hyper_util", "rustls"];

/// Log into the console's own-log view, and into a file under `dir`.
///
/// Keep the guard until the end: dropping it writes what is still on its way. A directory that
/// can't be written is a warning, returned as a sentence, never a reason not to start.
pub(super) fn console(dir: Option<&Path>, verbose: u8) -> (Option<WorkerGuard>, Option<String>) {
    // The view's logger would start a thread that wakes a hundred times a second; the view asks
    // for new lines when it draws instead.
    tui_logger::set_default_level(tui_logger::LevelFilter::Trace);
    let view = tui_logger::TuiTracingSubscriberLayer;
    let (file, warning) = match dir.map(|dir| file(dir).map_err(|why| (dir, why))) {
        Some(Ok(file)) => (Some(file), None),
        Some(Err((dir, why))) => {
            (None, Some(format!("no log file: cannot write in {}: {why}", dir.display())))
        }
        None => (None, Some("no log file: this user has no home (set QD_STATE_DIR)".to_owned())),
    };
    let (writer, guard) = file.unzip();
    let file = writer.map(|writer| fmt::layer().with_ansi(false).with_writer(writer));
    let started = tracing_subscriber::registry().with(filter(verbose)).with(file).with(view).try_init();
    (guard, warning.or(started.err().map(|e| format!("no log: {e}"))))
}

/// Log on stderr, when asked to.
pub(super) fn headless(verbose: u8) {
    if verbose > 0 || std::env::var_os(VARIABLE).is_some() {
        on_stderr(verbose, filter(verbose));
    }
}

/// Log on stderr, warnings at least: for what goes on with nobody looking.
pub(super) fn daemon(verbose: u8) {
    if verbose > 0 || std::env::var_os(VARIABLE).is_some() {
        return headless(verbose);
    }
    // That the engine is gone is said by whoever watches, with what to do.
    let said =
        Targets::new().with_default(LevelFilter::WARN).with_target("quarterdeck::link", LevelFilter::OFF);
    on_stderr(verbose, said);
}

fn on_stderr(verbose: u8, filter: Targets) {
    let layer = fmt::layer().with_ansi(false).with_writer(std::io::stderr).with_target(verbose > 1);
    // A second subscriber in one process is a test's business, and no harm.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
}

fn file(
    dir: &Path,
) -> Result<(tracing_appender::non_blocking::NonBlocking, WorkerGuard), Box<dyn std::error::Error>> {
    // The appender's own error names only the file; asking for the directory first says why.
    std::fs::create_dir_all(dir)?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("qd")
        .filename_suffix("log")
        .max_log_files(FILES)
        .build(dir)?;
    Ok(NonBlockingBuilder::default().buffered_lines_limit(QUEUE).lossy(true).finish(appender))
}

/// What is logged: `QD_LOG`, else info (with `-v` debug, with `-vv` trace) of our own.
fn filter(verbose: u8) -> Targets {
    let level = match verbose {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let usual = || Targets::new().with_default(LevelFilter::WARN).with_target("quarterdeck", level);
    let asked = std::env::var(VARIABLE).ok().map(|text| (text.parse::<Targets>(), text));
    let targets = match asked {
        None => usual(),
        Some((Ok(targets), _)) => targets,
        Some((Err(why), text)) => {
            super::say(&format!("qd: {VARIABLE}={text:?} is ignored: {why}"));
            usual()
        }
    };
    NOISY.iter().fold(targets, |targets, name| targets.with_target(*name, LevelFilter::WARN))
}
