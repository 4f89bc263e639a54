//! `qd up PROJECT`, `qd down PROJECT`: a project in the order its services depend on each other.

use super::act::{self, How};
use super::args::{DownArgs, GateArgs, UpArgs};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::target;
use crate::operate::{Change, Intent, Target};

/// Bring projects up.
pub(super) async fn up(session: &mut Session, args: &UpArgs) -> Result<Exit, CliError> {
    run(session, Change::Up, &args.projects, &How::new(&args.ask, &args.gate)).await
}

/// Bring projects down.
pub(super) async fn down(session: &mut Session, args: &DownArgs) -> Result<Exit, CliError> {
    let how = How { grace: args.timeout, ..How::new(&args.ask, &GateArgs::default()) };
    run(session, Change::Down, &args.projects, &how).await
}

async fn run(
    session: &mut Session,
    change: Change,
    projects: &[String],
    how: &How<'_>,
) -> Result<Exit, CliError> {
    let scene = act::look(session, how.ask).await?;
    let mut targets = Vec::new();
    for name in projects {
        // With or without the slash that makes a project of a name elsewhere.
        let spelt = format!("{}/", name.trim_end_matches('/'));
        let target = target::resolve(&scene.fleet, &spelt, None)?;
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    // A project each: what fails in one is no reason to take another back.
    let intent = |target: Target| Intent { change: change.clone(), targets: vec![target] };
    act::run(session, &scene, targets.into_iter().map(intent).collect(), how).await
}
