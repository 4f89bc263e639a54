//! `qd deploy SERVICE [IMAGE]`.

use super::act::{self, How};
use super::args::{DeployArgs, PullArg};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::target;
use crate::operate::{Change, Intent, Pull};

/// Replace a service's replicas by ones of another image.
pub(super) async fn run(session: &mut Session, args: &DeployArgs) -> Result<Exit, CliError> {
    let scene = act::look(session, &args.ask).await?;
    let target = target::resolve(&scene.fleet, &args.service, args.project.as_deref())?;
    let target = target::service(&scene.fleet, target, &args.service)?;
    let pull = match args.pull {
        PullArg::Always => Pull::Always,
        PullArg::Missing => Pull::Missing,
        PullArg::Never => Pull::Never,
    };
    let change = Change::Deploy { image: args.image.as_deref().map(Into::into), pull };
    let how = How { force: args.force, ..How::new(&args.ask, &args.deadline.gate()) };
    act::run(session, &scene, vec![Intent { change, targets: vec![target] }], &how).await
}
