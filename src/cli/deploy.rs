//! `qd deploy SERVICE [IMAGE]`.

use std::sync::Arc;

use super::act::{self, How};
use super::args::{DeployArgs, PullArg};
use super::exit::{CliError, Exit};
use super::session::Session;
use super::target;
use crate::fleet::{Fleet, Role};
use crate::operate::{Change, Intent, Pull, Target};

/// Replace a service's replicas by ones of another image.
pub(super) async fn run(session: &mut Session, args: &DeployArgs) -> Result<Exit, CliError> {
    let scene = act::look(session, &args.ask).await?;
    let target = target::resolve(&scene.fleet, &args.service, args.project.as_deref())?;
    let target = target::service(&scene.fleet, target, &args.service)?;
    let image = match args.image.as_deref() {
        Some(tag) if tag.starts_with(':') => Some(retagged(&scene.fleet, &target, tag)?),
        image => image.map(Arc::from),
    };
    let pull = match args.pull {
        PullArg::Always => Pull::Always,
        PullArg::Missing => Pull::Missing,
        PullArg::Never => Pull::Never,
    };
    let how = How { force: args.force, ..How::new(&args.ask, &args.deadline.gate()) };
    let intent = Intent { change: Change::Deploy { image, pull }, targets: vec![target] };
    act::run(session, &scene, vec![intent], &how).await
}

/// The image the service has, with another tag.
fn retagged(fleet: &Fleet, target: &Target, tag: &str) -> Result<Arc<str>, CliError> {
    let Target::Service(service) = target else { return Ok(tag.into()) };
    let replicas = fleet.replicas_of(service).filter(|r| r.role == Role::Replica);
    let mut names: Vec<&str> = replicas.map(|r| repository(&r.image.reference)).collect();
    names.dedup();
    match names.as_slice() {
        [name] if !name.is_empty() => Ok(format!("{name}{tag}").into()),
        _ => Err(CliError::usage(
            format!(
                "{tag} is a tag of which image? {} has no image that is called by a name",
                service.path()
            ),
            format!("Write the whole reference: qd deploy {} IMAGE{tag}.", service.path()),
        )),
    }
}

/// A reference without its tag or digest; empty for a bare id.
fn repository(reference: &str) -> &str {
    if reference.starts_with("sha256:") {
        return "";
    }
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    // A colon before the last slash is a registry's port.
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let colon = name.get(last..).and_then(|tail| tail.find(':'));
    colon.and_then(|colon| name.get(..last + colon)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn a_reference_without_its_tag() {
        for (reference, name) in [
            ("api", "api"),
            ("api:1.4.2", "api"),
            ("registry:5000/shop/api", "registry:5000/shop/api"),
            ("registry:5000/shop/api:2", "registry:5000/shop/api"),
            ("api:2@sha256:0123", "api"),
            ("sha256:0123", ""),
        ] {
            assert_eq!(repository(reference), name, "{reference}");
        }
    }
}
