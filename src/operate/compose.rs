//! Reading a project's compose files for one thing only: who needs whom.
//!
//! Owns: which files those are (by the labels of what was made from them), and the few fields that
//! are read. Must not: run, expand or follow anything the files say, or read what is not a plain
//! file of a sensible size.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::engine::Needs;
use crate::fleet::{Compose, Fleet, ServiceId};
use crate::text::sanitize::label;

/// More than any compose file in earnest.
const LARGEST: u64 = 1 << 20;
/// Files read for one project; compose merges as many as it is given.
const FILES: usize = 16;
/// Projects read for one plan.
const PROJECTS: usize = 32;
/// Longer names are cut: nothing is called so.
const NAME: usize = 200;

/// A project whose labels do not say who needs whom, with the files that may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Any service of it, for engine and project.
    any: ServiceId,
    files: Vec<PathBuf>,
}

/// What to read for these services: nothing where labels tell (v2), where the engine is on another
/// machine, whose files are not ours, and where the paths are no use from here.
pub(super) fn sources<'a>(services: impl Iterator<Item = &'a ServiceId>, fleet: &Fleet) -> Vec<Source> {
    if !fleet.engine().is_some_and(|engine| engine.local) {
        return Vec::new();
    }
    let mut sources: Vec<Source> = Vec::new();
    let mut known = BTreeSet::new();
    for service in services.filter(|s| s.project.is_some()) {
        if sources.len() >= PROJECTS || !known.insert((&service.engine, &service.project)) {
            continue;
        }
        let of_project =
            fleet.services().filter(|s| s.id.project == service.project && s.id.engine == service.engine);
        let mut labels =
            of_project.flat_map(|s| fleet.replicas_of(&s.id)).filter_map(|r| r.compose.as_deref()).peekable();
        let Some(first) = labels.peek().copied() else { continue };
        if labels.any(|compose| !compose.depends_on.is_empty()) {
            continue;
        }
        let files = files(first);
        if !files.is_empty() {
            sources.push(Source { any: service.clone(), files });
        }
    }
    sources
}

/// The files the labels name: absolute, or below the project's directory where that is.
fn files(compose: &Compose) -> Vec<PathBuf> {
    let home = compose.working_dir.as_deref().map(Path::new).filter(|dir| dir.is_absolute());
    let names = compose.config_files.as_deref().unwrap_or_default().split(',').map(str::trim);
    let path = |name: &str| {
        let path = Path::new(name);
        let inside = path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        match home {
            _ if path.is_absolute() => Some(path.to_owned()),
            Some(home) if inside => Some(home.join(path)),
            _ => None,
        }
    };
    names.filter(|name| !name.is_empty()).take(FILES).filter_map(path).collect()
}

/// Read what these say. Blocks. A project of which one file can't be read is left out: half an
/// order is worse than none.
pub(super) fn read(sources: &[Source]) -> Vec<Needs> {
    let mut all = Vec::new();
    for source in sources {
        match source.files.iter().map(|path| parse(&load(path)?)).collect::<Result<Vec<_>, _>>() {
            Ok(files) => all.extend(merge(&source.any, files)),
            Err(why) => tracing::debug!("compose files of {:?} are not read: {why}", source.any.project),
        }
    }
    all
}

fn load(path: &Path) -> std::io::Result<Vec<u8>> {
    let wrong = |why: &str| std::io::Error::other(format!("{}: {why}", path.display()));
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let facts = std::fs::metadata(path)?;
    if !facts.is_file() {
        return Err(wrong("not a plain file"));
    }
    if facts.len() > LARGEST {
        return Err(wrong("too large"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What is read of a compose file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    services: Option<BTreeMap<String, Option<Service>>>,
}

/// What is read of a service.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Service {
    depends_on: Option<DependsOn>,
    links: Option<Vec<String>>,
    volumes_from: Option<Vec<String>>,
    network_mode: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum DependsOn {
    List(Vec<String>),
    Map(BTreeMap<String, Option<Condition>>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    condition: Option<String>,
}

fn parse(bytes: &[u8]) -> std::io::Result<File> {
    serde_saphyr::from_slice::<Option<File>>(bytes)
        .map(Option::unwrap_or_default)
        .map_err(|error| std::io::Error::other(error.to_string()))
}

/// One word from several files: what any of them says counts.
fn merge(any: &ServiceId, files: Vec<File>) -> Vec<Needs> {
    let mut all: BTreeMap<Arc<str>, (BTreeSet<Arc<str>>, BTreeSet<Arc<str>>)> = BTreeMap::new();
    let name = |name: &str| label(name.trim(), NAME);
    for (service, says) in files.into_iter().filter_map(|file| file.services).flatten() {
        let (needs, completes) = all.entry(name(&service)).or_default();
        let says = says.unwrap_or_default();
        match says.depends_on {
            None => {}
            Some(DependsOn::List(names)) => needs.extend(names.iter().map(|n| name(n))),
            Some(DependsOn::Map(names)) => {
                for (needed, how) in names {
                    let how = how.unwrap_or_default().condition;
                    if how.as_deref() == Some("service_completed_successfully") {
                        completes.insert(name(&needed));
                    }
                    needs.insert(name(&needed));
                }
            }
        }
        // `db:database`, `db:ro`: what stands before the colon is the service.
        let first = |text: &String| name(text.split(':').next().unwrap_or_default());
        needs.extend(says.links.iter().flatten().map(first));
        let from_containers = |text: &&String| !text.starts_with("container:");
        needs.extend(says.volumes_from.iter().flatten().filter(from_containers).map(first));
        needs.extend(says.network_mode.iter().filter_map(|mode| mode.strip_prefix("service:")).map(&name));
    }
    let needs = |(service, (needs, completes)): (Arc<str>, (BTreeSet<_>, BTreeSet<_>))| Needs {
        service: ServiceId { name: service, ..any.clone() },
        depends_on: needs.into_iter().filter(|needed: &Arc<str>| !needed.is_empty()).collect(),
        completes: completes.into_iter().collect(),
    };
    all.into_iter().map(needs).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::fleet::EngineId;

    fn any() -> ServiceId {
        ServiceId { engine: EngineId::new("docker"), project: Some("shop".into()), name: "any".into() }
    }

    fn compose(files: &str, dir: &str) -> Compose {
        Compose { config_files: Some(files.into()), working_dir: Some(dir.into()), ..Compose::default() }
    }

    fn said(needs: &[Needs]) -> Vec<String> {
        let one =
            |n: &Needs| format!("{}: {} / {}", n.service.name, n.depends_on.join(" "), n.completes.join(" "));
        needs.iter().map(one).collect()
    }

    #[test]
    fn only_paths_that_mean_something_here_are_read() {
        for (files_label, dir, wanted) in [
            ("docker-compose.yml", "/srv/shop", &["/srv/shop/docker-compose.yml"][..]),
            ("./a.yml, sub/b.yml", "/srv/shop", &["/srv/shop/./a.yml", "/srv/shop/sub/b.yml"]),
            ("/etc/shop.yml", "", &["/etc/shop.yml"]),
            ("../other/compose.yml", "/srv/shop", &[]),
            ("compose.yml", "shop", &[]),
            ("", "/srv/shop", &[]),
            ("-", "", &[]),
        ] {
            let found = files(&compose(files_label, dir));
            let found: Vec<&str> = found.iter().map(|p| p.to_str().unwrap()).collect();
            assert_eq!(found, wanted, "{files_label} in {dir}");
        }
        let many = vec!["/a"; 100].join(",");
        assert_eq!(files(&compose(&many, "/")).len(), FILES);
    }

    #[test]
    fn every_way_to_need_somebody_counts() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let base = write(
            "docker-compose.yml",
            "x-common: &common\n  depends_on: [db]\nservices:\n  db:\n  web:\n    <<: *common\n    links: ['cache:redis']\n    ports: [\"8080:80\"]\n  worker:\n    network_mode: service:web\n    volumes_from: [web:ro, container:other]\n",
        );
        let more = write(
            "override.yml",
            "services:\n  web:\n    depends_on:\n      migrate: {condition: service_completed_successfully}\n      cache: {condition: service_healthy}\n  cache: {image: redis}\n",
        );
        let source = Source { any: any(), files: vec![base, more] };
        assert_eq!(
            said(&read(&[source])),
            ["cache:  / ", "db:  / ", "web: cache db migrate / migrate", "worker: web / "]
        );
    }

    #[test]
    fn what_is_no_compose_file_is_no_word_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let good = write("good.yml", b"services: {a: {depends_on: [b]}, b: {}}");
        let bomb: String = (0..40).fold("a0: &a0 [x]\n".to_owned(), |text, i| {
            format!("{text}a{}: &a{} [*a{i},*a{i},*a{i},*a{i},*a{i},*a{i},*a{i},*a{i}]\n", i + 1, i + 1)
        });
        let bad = [
            write("empty-words.yml", b"services: [a, b]"),
            write("broken.yml", b"services: {a: {depends_on: {"),
            write("binary.yml", &[0, 159, 146, 150]),
            write("bomb.yml", format!("{bomb}services: {{a: {{links: *a40}}}}").as_bytes()),
            write("large.yml", "# filler\n".repeat(200_000).as_bytes()),
            dir.path().join("absent.yml"),
            dir.path().to_owned(),
            PathBuf::from("/dev/zero"),
        ];
        for path in bad {
            let source = Source { any: any(), files: vec![good.clone(), path.clone()] };
            assert_eq!(read(&[source]), [], "{}", path.display());
        }
        for nothing in ["", "# only a remark\n", "services:\n", "version: '3'\n"] {
            let path = write("nothing.yml", nothing.as_bytes());
            assert_eq!(read(&[Source { any: any(), files: vec![path] }]), [], "{nothing:?}");
        }
        let hostile = write("hostile.yml", b"services: {a: {depends_on: [\"\\e[31mred\", \"\"]}}");
        let read = read(&[Source { any: any(), files: vec![hostile] }]);
        assert!(!said(&read)[0].contains('\u{1b}'), "{read:?}");
        assert_eq!(read[0].depends_on.len(), 1);
    }
}
