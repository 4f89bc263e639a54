//! The config tab: what a replica was made from and how, section by section.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::dossier::Known;
use super::sheet::{Sheet, View};
use super::{Target, scope, words};
use crate::config::Role;
use crate::engine::{Details, Mount, NetworkLink, Secrets};
use crate::fleet::{Replica, Role as ReplicaRole};
use crate::text::human;

/// Build the page.
pub(super) fn build<'a>(view: &View<'a>, sheet: &mut Sheet<'a>) {
    if let Target::Project(_) = view.scene.target {
        project(view, sheet);
        return;
    }
    let Some(replica) = view.dossier.shown(view.scene) else {
        sheet.say(Role::Dim, 0, "it has no replica: there is nothing to inspect");
        return;
    };
    sheet.which(view, replica);
    match view.dossier.known(&replica.id) {
        Known::Waiting => {
            sheet.say(Role::Dim, 1, "asking the engine for the rest");
            image(sheet, replica);
        }
        Known::Failed(error) => {
            sheet.failed(error);
            image(sheet, replica);
        }
        Known::Details(details, error) => {
            if let Some(error) = error {
                sheet.failed(error);
            }
            image(sheet, replica);
            process(view, sheet, details);
            limits(sheet, details);
            compose(sheet, replica);
            env(view, sheet, details);
            mounts(view, sheet, &details.mounts);
            networks(sheet, &details.networks);
            labels(sheet, details);
            logging(sheet, details);
        }
    }
}

fn or_default(value: &str, default: &str) -> (String, Role) {
    if value.is_empty() { (default.to_owned(), Role::Dim) } else { (value.to_owned(), Role::Text) }
}

fn image(sheet: &mut Sheet<'_>, replica: &Replica) {
    sheet.head("IMAGE");
    let id = or_default(&replica.image.id, "not told by the engine");
    sheet.pairs([
        ("reference", replica.image.reference.to_string(), Role::Text),
        ("tag", replica.image.tag().to_owned(), Role::Text),
        ("id", id.0, id.1),
    ]);
}

fn process(view: &View<'_>, sheet: &mut Sheet<'_>, details: &Details) {
    sheet.head("PROCESS");
    let replica = &details.replica;
    let now = view.scene.now;
    let command = or_default(&words::command(&details.command), "the image's");
    let user = or_default(&details.user, "the image's");
    let workdir = or_default(&details.workdir, "/");
    let hostname = or_default(&details.hostname, "the engine's choice");
    let at = |at| format!("{} ({})", words::clock(at, now, view.zone), words::ago(at, now));
    let mut pairs = vec![
        ("command", command.0, command.1),
        ("user", user.0, user.1),
        ("workdir", workdir.0, workdir.1),
        ("hostname", hostname.0, hostname.1),
        ("container", replica.id.id.to_string(), Role::Text),
        ("created", at(replica.created), Role::Text),
    ];
    if let Some(pid) = replica.pid {
        pairs.push(("host pid", pid.to_string(), Role::Text));
    }
    if replica.tty == Some(true) {
        pairs.push(("terminal", "yes: stdout and stderr are one stream".into(), Role::Text));
    }
    sheet.pairs(pairs);
}

fn limits(sheet: &mut Sheet<'_>, details: &Details) {
    sheet.head("LIMITS");
    let none = || ("none".to_owned(), Role::Dim);
    let set = |words: String| (words, Role::Text);
    let limits = details.replica.limits;
    let cpus = limits.cpus.map_or_else(none, |n| set(format!("{n} cores")));
    let memory = limits.memory.map_or_else(none, |n| set(human::bytes(n)));
    let pids = limits.pids.map_or_else(none, |n| set(n.to_string()));
    let policy = or_default(&details.restart_policy, "no");
    sheet.pairs([
        ("cpu", cpus.0, cpus.1),
        ("memory", memory.0, memory.1),
        ("pids", pids.0, pids.1),
        ("restart", policy.0, policy.1),
    ]);
}

fn compose(sheet: &mut Sheet<'_>, replica: &Replica) {
    let Some(compose) = &replica.compose else { return };
    sheet.head("COMPOSE");
    let mut pairs = vec![("service", replica.service.path(), Role::Text)];
    if let Some(number) = replica.number {
        pairs.push(("replica", number.to_string(), Role::Text));
    }
    let noted = [
        ("files", &compose.config_files),
        ("directory", &compose.working_dir),
        ("config hash", &compose.config_hash),
    ];
    pairs.extend(
        noted.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?.to_string(), Role::Text))),
    );
    if !compose.depends_on.is_empty() {
        pairs.push(("depends on", compose.depends_on.join(", "), Role::Text));
    }
    sheet.pairs(pairs);
}

fn env(view: &View<'_>, sheet: &mut Sheet<'_>, details: &Details) {
    let masked = Secrets::masked(&details.env).len();
    let remark = match (view.secrets, masked) {
        (Some(_), _) => "shown as they are, until you leave".to_owned(),
        (None, 0) => "nothing is masked".to_owned(),
        (None, n) => format!("{n} masked"),
    };
    sheet.head_with(format!("ENVIRONMENT ({})", details.env.len()), remark);
    sheet.pairs(details.env.iter().map(|(key, value)| {
        if let Some(secret) = view.secrets.and_then(|secrets| secrets.get(key)) {
            // On one line, as an env file has it.
            return (key.as_str(), secret.replace('\n', "\\n"), Role::Warn);
        }
        let (value, role) = or_default(value, "(empty)");
        (key.as_str(), value, role)
    }));
}

fn mounts(view: &View<'_>, sheet: &mut Sheet<'_>, mounts: &[Mount]) {
    sheet.head(format!("MOUNTS ({})", mounts.len()));
    let arrow = view.scene.look.glyphs.arrow;
    sheet.pairs(mounts.iter().map(|mount| {
        let how = if mount.read_only { "  read-only" } else { "" };
        let from = if mount.source.is_empty() { String::new() } else { format!("{} {arrow} ", mount.source) };
        (mount.kind.as_str(), format!("{from}{}{how}", mount.target), Role::Text)
    }));
}

fn networks(sheet: &mut Sheet<'_>, networks: &[NetworkLink]) {
    sheet.head(format!("NETWORKS ({})", networks.len()));
    sheet.pairs(networks.iter().map(|network| {
        let mut words =
            if network.address.is_empty() { "no address".into() } else { network.address.clone() };
        if !network.aliases.is_empty() {
            let _ = write!(words, "  as {}", network.aliases.join(", "));
        }
        (network.name.as_str(), words, Role::Text)
    }));
}

fn labels(sheet: &mut Sheet<'_>, details: &Details) {
    sheet.head(format!("LABELS ({})", details.labels.len()));
    sheet.pairs(details.labels.iter().map(|(key, value)| (key.as_str(), value.clone(), Role::Text)));
}

fn logging(sheet: &mut Sheet<'_>, details: &Details) {
    sheet.head("LOGGING");
    let driver = or_default(&details.log_driver, "the engine's default");
    let mut pairs = vec![("driver", driver.0, driver.1)];
    if let Some(path) = &details.log_path {
        pairs.push(("file", path.clone(), Role::Text));
    }
    sheet.pairs(pairs);
}

/// A project: where it comes from, and its services.
fn project(view: &View<'_>, sheet: &mut Sheet<'_>) {
    let scene = view.scene;
    let replicas = scope::replicas(scene.fleet, scene.target);
    let gather = |pick: fn(&crate::fleet::Compose) -> &Option<std::sync::Arc<str>>| -> String {
        let all: BTreeSet<&str> =
            replicas.iter().filter_map(|r| r.compose.as_deref()).filter_map(|c| pick(c).as_deref()).collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    };
    if let Target::Project(Some(name)) = scene.target {
        sheet.head("PROJECT");
        let files = or_default(&gather(|c| &c.config_files), "not told by its labels");
        let directory = or_default(&gather(|c| &c.working_dir), "not told by its labels");
        sheet.pairs([
            ("name", name.to_string(), Role::Text),
            ("files", files.0, files.1),
            ("directory", directory.0, directory.1),
        ]);
    } else {
        sheet.head("LONE CONTAINERS");
        sheet.say(Role::Dim, 1, "made by hand or by a tool that sets no project labels");
    }
    let services = scope::services(scene.fleet, scene.target);
    sheet.head(format!("SERVICES ({})", services.len()));
    sheet.pairs(services.iter().map(|service| {
        let replicas: Vec<_> = scene.fleet.replicas_of(&service.id).collect();
        let images: BTreeSet<&str> = replicas.iter().map(|r| r.image.reference.as_ref()).collect();
        let jobs = replicas.iter().filter(|r| r.role == ReplicaRole::Job).count();
        let mut words = images.into_iter().collect::<Vec<_>>().join(", ");
        let count = replicas.iter().filter(|r| r.role == ReplicaRole::Replica).count();
        if count != 1 {
            let _ = write!(words, "  ({count} replicas)");
        }
        if jobs > 0 {
            let _ = write!(words, "  ({jobs} jobs)");
        }
        (service.id.name.as_ref(), words, Role::Text)
    }));
}
