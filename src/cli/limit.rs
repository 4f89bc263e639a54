//! `qd limit TARGET --cpus N --memory BYTES`.

use super::act::{self, How};
use super::args::LimitArgs;
use super::exit::{CliError, Exit};
use super::session::Session;
use crate::operate::{Change, Intent};

/// Change limits.
pub(super) async fn run(session: &mut Session, args: &LimitArgs) -> Result<Exit, CliError> {
    let scene = act::look(session, &args.ask).await?;
    let targets = scene.aim(&args.aim)?;
    let change = Change::Limit { cpus: args.cpus.map(|c| c.0), memory: args.memory.map(|m| m.0) };
    let how = How::new(&args.ask, &args.deadline.gate());
    act::run(session, &scene, vec![Intent { change, targets }], &how).await
}
