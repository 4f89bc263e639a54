//! What two versions of a service's settings have in common: a hash of them. Pure.

use serde_json::Value;

use crate::engine::docker::spec;
use crate::fleet::SpecHash;

/// A hash of a task template without its image and how often it was forced.
pub(super) fn hash(template: &Value) -> SpecHash {
    let mut template = template.clone();
    if let Value::Object(all) = &mut template {
        all.remove("ForceUpdate");
        // Told of services only, not of their tasks.
        all.remove("Runtime");
        if let Some(Value::Object(container)) = all.get_mut("ContainerSpec") {
            container.remove("Image");
        }
    }
    spec::hash(template)
}

/// Whether a task is made as its service's template says now.
pub(super) fn is_made_so(task: &Value, template: &Value) -> bool {
    let force = |spec: &Value| spec.get("ForceUpdate").and_then(Value::as_u64).unwrap_or(0);
    let same = |part: &str| task.get(part) == template.get(part);
    same("ContainerSpec") && same("Resources") && force(task) == force(template)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn image_force_and_secrets_do_not_count_and_the_rest_does() {
        let it = |image: &str, password: &str, args: &[&str], force: u64| {
            hash(&json!({
                "ContainerSpec": {"Image": image, "Env": [format!("DB_PASSWORD={password}")], "Args": args},
                "ForceUpdate": force, "Runtime": "container",
            }))
        };
        let one = it("api:1", "hunter2", &["serve"], 0);
        assert_eq!(one, it("api:2", "*******", &["serve"], 3));
        assert_ne!(one, it("api:1", "hunter2", &["serve", "--fast"], 0));
        assert_ne!(it("a", "", &["a,b"], 0), it("a", "", &["a", "b"], 0));
        let turned = json!({"Runtime": "x", "ContainerSpec": {"Args": ["serve"], "Env": ["DB_PASSWORD=x"]}});
        assert_eq!(one, hash(&turned), "the order of keys does not count");
    }

    #[test]
    fn a_task_is_made_so_when_what_makes_it_is_the_same() {
        let template = json!({"ContainerSpec": {"Image": "a"}, "ForceUpdate": 1, "Runtime": "container", "Networks": []});
        assert!(is_made_so(&json!({"ContainerSpec": {"Image": "a"}, "ForceUpdate": 1}), &template));
        assert!(!is_made_so(&json!({"ContainerSpec": {"Image": "a"}}), &template));
        assert!(!is_made_so(&json!({"ContainerSpec": {"Image": "b"}, "ForceUpdate": 1}), &template));
    }
}
