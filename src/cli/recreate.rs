//! `qd recreate TARGET`: the same image and settings in new replicas.

use super::act::{self, How};
use super::args::RecreateArgs;
use super::exit::{CliError, Exit};
use super::session::Session;
use crate::operate::{Change, Intent};

/// Replace replicas by new ones.
pub(super) async fn run(session: &mut Session, args: &RecreateArgs) -> Result<Exit, CliError> {
    let scene = act::look(session, &args.ask).await?;
    let targets = scene.aim(&args.aim)?;
    let how = How::new(&args.ask, &args.deadline.gate());
    act::run(session, &scene, vec![Intent { change: Change::Recreate, targets }], &how).await
}
