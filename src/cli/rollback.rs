//! `qd rollback SERVICE`: back to what it ran before.

use super::act::{self, How, Scene};
use super::args::RollbackArgs;
use super::exit::{CliError, Exit};
use super::session::Session;
use super::target;
use crate::fleet::{Revision, ServiceId};
use crate::operate::{Change, Intent, Target};

/// Go back.
pub(super) async fn run(session: &mut Session, args: &RollbackArgs) -> Result<Exit, CliError> {
    let scene = act::look(session, &args.ask).await?;
    let target = target::resolve(&scene.fleet, &args.service, args.project.as_deref())?;
    let target = target::service(&scene.fleet, target, &args.service)?;
    let Target::Service(service) = &target else {
        return Err(CliError::usage("this is about one service", "Write project/service."));
    };
    let revisions = revisions(session, &scene, service).await?;
    let revision = choose(&revisions, args).ok_or_else(|| unknown(&revisions, service, args))?;
    let change = Change::Rollback { to: revision.image.clone(), revision: Some(revision.number) };
    let how = How::new(&args.ask, &args.deadline.gate());
    act::run(session, &scene, vec![Intent { change, targets: vec![target.clone()] }], &how).await
}

/// What the service ran, newest first.
async fn revisions(session: &Session, scene: &Scene, service: &ServiceId) -> Result<Vec<Revision>, CliError> {
    let path = service.path();
    match (&session.journal, &session.journal_problem) {
        (Some(journal), _) => {
            let instance = session.bridge(&scene.fleet).instance;
            Ok(journal.revisions(&instance, service).await?)
        }
        (None, Some(problem)) => Err(CliError::refused(
            format!("what {path} ran before stands in the journal, and {problem}"),
            format!("{} Or name the image yourself: qd deploy {path} IMAGE.", problem.remedy()),
        )),
        (None, None) => Err(CliError::usage(
            format!("what {path} ran before stands in the journal"),
            format!("Leave --no-journal out, or name the image yourself: qd deploy {path} IMAGE."),
        )),
    }
}

fn choose<'r>(revisions: &'r [Revision], args: &RollbackArgs) -> Option<&'r Revision> {
    if let Some(number) = args.to {
        return revisions.iter().find(|r| r.number == number);
    }
    let current = revisions.iter().find(|r| r.current)?;
    let back = args.back.unwrap_or(1) as usize;
    // The same image with other settings is nothing to go back to.
    let before = revisions.iter().filter(|r| r.number < current.number && r.image.id != current.image.id);
    before.take(back).last().filter(|_| back > 0)
}

fn unknown(revisions: &[Revision], service: &ServiceId, args: &RollbackArgs) -> CliError {
    let path = service.path();
    let what = match args.to {
        Some(number) => format!("{path} has no revision {number}"),
        None if revisions.len() < 2 => format!("the journal knows of nothing {path} ran before"),
        None => format!("the journal does not know so many revisions of {path}"),
    };
    CliError::refused(
        what,
        format!("See qd history {path}; or name the image yourself: qd deploy {path} IMAGE."),
    )
}
