//! The headless twin: everything the screen does, as a command with honest exit codes.
//!
//! Owns: the command line, standard output and standard error, questions on a terminal, exit
//! codes. One file per command. Must not: know an engine's kind, or decide what a change means
//! (that is [`crate::operate`]).
//!
//! Results go to stdout, words to stderr. Nothing that is not a terminal ever gets an escape
//! sequence, unless `--color always` asks for it.

mod act;
pub mod args;
mod check;
mod completions;
mod configure;
mod console;
mod demo;
mod deploy;
mod doctor;
mod exit;
mod finish;
mod history;
mod host;
mod incidents;
mod inspect;
mod journal;
mod json;
mod keys;
mod limit;
mod logging;
mod logs;
mod man;
mod metrics;
mod out;
mod past;
mod ports;
mod postmortem;
mod probe;
mod project;
mod recreate;
mod rollback;
mod scale;
mod schema;
mod session;
mod setup;
mod silence;
mod status;
mod style;
mod table;
mod target;
mod themes;
mod tree;
mod verbs;
mod watch;

use std::ffi::OsString;
use std::future::Future;

use clap::Parser;
use tokio::runtime::{Builder, Runtime};

use args::{Cli, Command, DemoArgs, Global};
pub use demo::DemoSpec;
pub use exit::{CliError, Exit};
use setup::Setup;

use crate::operate::Resume;

/// Run one command line, and say how it ended. Everything it has to say is said when it returns.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match run(cli) {
        Ok(exit) => exit,
        Err(error) => {
            complain(&error);
            error.exit()
        }
    }
}

/// What clap has to say: help and version on stdout, mistakes on stderr.
fn usage(error: &clap::Error) -> Exit {
    match (error.use_stderr(), error.print()) {
        (true, _) => Exit::Usage,
        (false, Ok(())) => Exit::Done,
        (false, Err(e)) => {
            let error = CliError::from(e);
            complain(&error);
            error.exit()
        }
    }
}

/// One sentence, and under it what to do.
fn complain(error: &CliError) {
    if matches!(error, CliError::ReaderGone) {
        return;
    }
    say(&format!("qd: {error}"));
    let remedy = error.remedy();
    if !remedy.is_empty() {
        say(&format!("    {remedy}"));
    }
}

/// A line of words on stderr. A stderr that can't be written is no reason to stop.
fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn run(cli: Cli) -> Result<Exit, CliError> {
    let Cli { mut global, command } = cli;
    match command {
        // These need nothing at all, not even a config that can be read.
        Some(Command::Completions { shell }) => completions::run(shell),
        Some(Command::Man) => man::run(),
        Some(Command::Schema(args)) => schema::run(&args),
        Some(Command::Doctor(args)) => {
            logging::headless(global.verbose);
            // A doctor has to come also where the config is broken.
            let fallback = Setup::without_config(global.clone());
            block_on(doctor::run(Setup::new(global), fallback, &args))?
        }
        Some(Command::Config(args)) => {
            let fallback = Setup::without_config(global);
            configure::run(&fallback, &args.command)
        }
        Some(Command::Themes(args)) => themes::run(&Setup::new(global)?, &args),
        Some(Command::Keys(args)) => keys::run(&Setup::new(global)?, &args),
        Some(Command::Demo(args)) => {
            global.demo = Some(demo_spec(&global, args)?);
            console::run(Setup::new(global)?)
        }
        None => console::run(Setup::new(global)?),
        Some(command) => headless(global, &command),
    }
}

/// The commands that work with an engine.
fn headless(global: Global, command: &Command) -> Result<Exit, CliError> {
    match command {
        Command::Watch(args) if !args.once => logging::daemon(global.verbose),
        _ => logging::headless(global.verbose),
    }
    let setup = Setup::new(global)?;
    let source = watch::Source { paths: setup.paths.clone(), global: setup.global.clone() };
    let mut session = setup.session()?;
    match command {
        Command::Status(args) => block_on(status::run(&mut session, args))?,
        Command::Check(args) => block_on(check::run(&mut session, args))?,
        Command::Probe(args) => block_on(probe::run(&mut session, args))?,
        Command::Metrics(args) => block_on(metrics::run(&mut session, args))?,
        // Reading and writing side by side: the only command where throughput counts.
        Command::Logs(args) => runtime(Some(2))?.block_on(logs::run(&mut session, args)),
        Command::History(args) => block_on(history::run(&mut session, args))?,
        Command::Journal(args) => block_on(journal::run(&mut session, args))?,
        Command::Postmortem(args) => block_on(postmortem::run(&mut session, args))?,
        Command::Ports(args) => block_on(ports::run(&mut session, args))?,
        Command::Tree(args) => block_on(tree::run(&mut session, args))?,
        Command::Host(args) => block_on(host::run(&mut session, args))?,
        Command::Watch(args) => block_on(watch::run(&mut session, args, &source))?,
        Command::Incidents(args) => block_on(incidents::run(&mut session, args))?,
        Command::Silence(args) => block_on(silence::run(&mut session, args))?,
        Command::Inspect(args) => block_on(inspect::run(&mut session, args))?,
        Command::Scale(args) => block_on(scale::run(&mut session, args))?,
        Command::Deploy(args) => block_on(deploy::run(&mut session, args))?,
        Command::Rollback(args) => block_on(rollback::run(&mut session, args))?,
        Command::Recreate(args) => block_on(recreate::run(&mut session, args))?,
        Command::Limit(args) => block_on(limit::run(&mut session, args))?,
        Command::Up(args) => block_on(project::up(&mut session, args))?,
        Command::Down(args) => block_on(project::down(&mut session, args))?,
        Command::Finish(args) => block_on(finish::run(&mut session, args, Resume::Finish))?,
        Command::Undo(args) => block_on(finish::run(&mut session, args, Resume::Undo))?,
        command => match verbs::of(command) {
            Some((verb, args, how)) => block_on(verbs::run(&mut session, verb, args, how))?,
            None => Err(CliError::usage("this command needs no engine", "See qd --help.")),
        },
    }
}

fn demo_spec(global: &Global, args: DemoArgs) -> Result<DemoSpec, CliError> {
    if global.host.is_some() || global.context.is_some() {
        return Err(CliError::usage(
            "qd demo talks to no engine",
            "Leave --host and --context out, or leave demo out.",
        ));
    }
    let spec = global.demo.clone().unwrap_or_default();
    Ok(DemoSpec {
        platform: args.platform.or(spec.platform),
        services: args.services.or(spec.services),
        seed: args.seed.or(spec.seed),
    })
}

/// Run a future to its end on this thread.
fn block_on<F: Future>(future: F) -> Result<F::Output, CliError> {
    Ok(runtime(None)?.block_on(future))
}

/// A runtime with that many worker threads, or none but this one.
fn runtime(workers: Option<usize>) -> Result<Runtime, CliError> {
    let mut builder = match workers {
        Some(n) => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(n);
            builder
        }
        None => Builder::new_current_thread(),
    };
    builder.enable_all().build().map_err(|e| {
        CliError::failed(format!("cannot start: {e}"), "Is this process out of file descriptors or threads?")
    })
}

/// Ends at Ctrl-C, SIGTERM or SIGHUP.
async fn interrupt() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut term), Ok(mut hup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
                _ = hup.recv() => {}
            }
            return;
        }
    }
    // Where signals can't be listened to they end the process by themselves.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
