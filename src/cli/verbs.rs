//! `qd start|stop|restart|pause|unpause|kill|rm`: the lifecycle verbs.

use super::act::{self, How};
use super::args::{ActArgs, Command, GateArgs};
use super::exit::{CliError, Exit};
use super::session::Session;
use crate::fleet::Verb;
use crate::operate::{Change, Intent};

/// Run one verb; `None` where the command is none.
pub(super) fn of(command: &Command) -> Option<(Verb, &ActArgs, How<'_>)> {
    let verb = command.verb()?;
    let bare = |act| (verb, act, GateArgs::default());
    let (verb, act, gate): (Verb, &ActArgs, GateArgs) = match command {
        Command::Start(args) => (verb, &args.act, args.gate.clone()),
        Command::Restart(args) => (verb, &args.graceful.act, args.gate()),
        Command::Stop(args) => bare(&args.act),
        Command::Kill(args) => bare(&args.act),
        Command::Rm(args) => bare(&args.act),
        Command::Pause(act) | Command::Unpause(act) => bare(act),
        _ => return None,
    };
    let mut how = How::new(&act.ask, &gate);
    match command {
        Command::Stop(args) => how.grace = args.timeout,
        Command::Restart(args) => how.grace = args.graceful.timeout,
        Command::Kill(args) => how.signal.clone_from(&args.signal),
        Command::Rm(args) => how.force = args.force,
        _ => {}
    }
    Some((verb, act, how))
}

/// Carry it out.
pub(super) async fn run(
    session: &mut Session,
    verb: Verb,
    args: &ActArgs,
    how: How<'_>,
) -> Result<Exit, CliError> {
    let scene = act::look(session, &args.ask).await?;
    let targets = scene.aim(&args.aim)?;
    act::run(session, &scene, vec![Intent { change: Change::Act(verb), targets }], &how).await
}
