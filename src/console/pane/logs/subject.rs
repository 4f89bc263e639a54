//! Whose logs are shown for a row, and what widening makes of it.

use crate::console::pane::{Target, scope};
use crate::fleet::Fleet;
use crate::follow::Subject;

/// What a row's logs can be widened to, narrowest first: itself, its service, its project,
/// everything.
pub(super) fn ladder(fleet: &Fleet, target: &Target) -> Vec<Subject> {
    let mut ladder = Vec::with_capacity(4);
    if let Target::Replica(id) = target {
        ladder.push(Subject::Replica(id.clone()));
    }
    if let Some(service) = scope::service_of(fleet, target) {
        let project = service.project.clone();
        // Service streams leave jobs out; a job's own row has just itself and its project.
        ladder.push(Subject::Service(service));
        ladder.push(Subject::Project(project));
    }
    if let Target::Project(project) = target {
        ladder.push(Subject::Project(project.clone()));
    }
    ladder.push(Subject::All);
    ladder
}

/// What to call a subject.
pub(super) fn title(fleet: &Fleet, subject: &Subject) -> String {
    match subject {
        Subject::Replica(id) => {
            fleet.replica(id).map_or_else(|| id.short().to_owned(), |r| r.name.to_string())
        }
        Subject::Service(id) => id.name.to_string(),
        Subject::Project(Some(name)) => format!("project {name}"),
        Subject::Project(None) => "all lone containers".into(),
        Subject::All => "everything".into(),
    }
}
