//! Which projects and services are protected: the config's globs.

use crate::fleet::ServiceId;

/// Whether any of the globs names the service's project, its `project/service` path, or (for a
/// lone container) its name. `*` is any run of characters, `?` any one; nothing else is special.
pub fn protects(globs: &[String], service: &ServiceId) -> bool {
    globs.iter().any(|glob| {
        service.project.as_ref().is_some_and(|project| matches(glob, project))
            || matches(glob, &service.path())
    })
}

/// Glob match in linear time and no recursion: a hostile pattern can't make it slow.
fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut g, mut t) = (0, 0);
    // Where the last `*` was, and how much of the text it has swallowed so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, t));
                g += 1;
            }
            Some(&c) if c == '?' || Some(&c) == text.get(t) => {
                g += 1;
                t += 1;
            }
            _ => match star {
                Some((at, eaten)) => {
                    star = Some((at, eaten + 1));
                    g = at + 1;
                    t = eaten + 1;
                }
                None => return false,
            },
        }
    }
    glob.get(g..).is_none_or(|rest| rest.iter().all(|&c| c == '*'))
}

#[cfg(test)]
mod tests {
    use super::{matches, protects};
    use crate::fleet::{EngineId, ServiceId};

    #[test]
    fn globs() {
        for (glob, text, yes) in [
            ("prod", "prod", true),
            ("prod", "production", false),
            ("prod*", "production", true),
            ("*-prod", "shop-prod", true),
            ("*-prod", "shop-prod-2", false),
            ("sh?p", "shop", true),
            ("sh?p", "shp", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a*b*c", "a--b--b--c", true),
            ("a*b*c", "a--c--b", false),
        ] {
            assert_eq!(matches(glob, text), yes, "{glob} {text}");
        }
    }

    #[test]
    fn a_glob_names_project_path_or_lone_container() {
        let id = |project: Option<&str>, name: &str| ServiceId {
            engine: EngineId::new("e"),
            project: project.map(Into::into),
            name: name.into(),
        };
        let globs = ["prod".to_owned(), "shop/postgres".to_owned(), "vault".to_owned()];
        assert!(protects(&globs, &id(Some("prod"), "api")));
        assert!(protects(&globs, &id(Some("shop"), "postgres")));
        assert!(!protects(&globs, &id(Some("shop"), "api")));
        assert!(protects(&globs, &id(None, "vault")));
        assert!(!protects(&globs, &id(Some("shop"), "vault")), "a service's bare name is not a project");
    }
}
