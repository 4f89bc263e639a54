//! The sentences: one place, so the status line, the dialog and the commands say the same.

mod outcome;
mod plan;
#[cfg(test)]
mod tests;

pub(super) use plan::{about, gate, how, image_change, limits, nothing_left, question, sentence, version};

use std::collections::HashSet;

use crate::fleet::ServiceId;
use crate::text::human;

/// `1 replica is …`, `3 replicas are …`.
pub(super) fn replicas_are(count: usize, what: &str) -> String {
    if count == 1 { format!("1 replica is {what}") } else { format!("{count} replicas are {what}") }
}

/// `order-service (3 replicas)`, `3 services of shop (7 replicas)`, `shop-api-2`.
fn subject(services: &[ServiceId], names: &[&str]) -> String {
    let replicas = names.len();
    match (services, names) {
        ([_], [name]) => (*name).to_owned(),
        ([service], []) => service.name.to_string(),
        ([service], _) => format!("{} ({replicas} replicas)", service.name),
        _ if replicas == services.len() && replicas <= 3 => {
            human::list(&services.iter().map(|s| s.name.to_string()).collect::<Vec<_>>(), 3)
        }
        _ => {
            let projects: HashSet<_> = services.iter().map(|s| &s.project).collect();
            let place = match (projects.len(), services.first().and_then(|s| s.project.as_deref())) {
                (1, Some(project)) => format!(" of {project}"),
                _ => String::new(),
            };
            format!("{} services{place} ({replicas} replicas)", services.len())
        }
    }
}

/// `shop/api (3 replicas)`, `3 services of shop (7 replicas)`: for what is kept, where a name
/// without its project would not do. One replica of a service is its service.
fn subject_in_full(services: &[ServiceId], names: &[&str]) -> String {
    match (services, names.len()) {
        ([service], 0 | 1) => service.path(),
        ([service], n) => format!("{} ({n} replicas)", service.path()),
        _ => subject(services, names),
    }
}
