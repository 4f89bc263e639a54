//! `qd rollback SERVICE`: back to what it ran before.

use super::act::{self, How, Scene};
use super::args::RollbackArgs;
use super::exit::{CliError, Exit};
use super::session::Session;
use super::target;
use crate::fleet::{Image, Revision, Role, ServiceId};
use crate::operate::{Back, Change, Intent, Target, choose};

/// Go back.
pub(super) async fn run(session: &mut Session, args: &RollbackArgs) -> Result<Exit, CliError> {
    let scene = act::look(session, &args.ask).await?;
    let target = target::resolve(&scene.fleet, &args.service, args.project.as_deref())?;
    let target = target::service(&scene.fleet, target, &args.service)?;
    let Target::Service(service) = &target else {
        return Err(CliError::usage("this is about one service", "Write project/service."));
    };
    let back = match (args.to, args.back) {
        (Some(number), _) => Back::To(number),
        (None, Some(count)) => Back::By(count),
        (None, None) => Back::Newest,
    };
    let revisions = revisions(session, &scene, service).await?;
    let path = service.path();
    let chosen = choose(&revisions, back, &current(&scene, service));
    let revision = chosen.map_err(|refusal| {
        CliError::refused(format!("{path}: {refusal}"), refusal.remedy().replace("SERVICE", &path))
    })?;
    let change = Change::Rollback { to: revision.image.clone(), revision: Some(revision.number) };
    let how = How::new(&args.ask, &args.deadline.gate());
    let targets = vec![target.clone()];
    act::run(session, &scene, vec![Intent { change, targets }], &how).await
}

/// What it runs now; nothing where it has no replica.
fn current(scene: &Scene, service: &ServiceId) -> Image {
    let mut replicas = scene.fleet.replicas_of(service).filter(|r| r.role == Role::Replica);
    replicas.next().map(|replica| replica.image.clone()).unwrap_or_default()
}

/// What the service ran.
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
