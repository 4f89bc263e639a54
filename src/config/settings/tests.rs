//! What `config.toml` may say, what it resolves to, and what is said of mistakes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use super::*;
use crate::config::paths::Paths;
use crate::config::theme::Depth;

fn load(text: &str, vars: &[(&str, &str)]) -> Result<Settings, crate::config::Problems> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.toml"), text).unwrap();
    let paths = Paths { config: Some(dir.path().to_owned()), state: None };
    let env = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    Settings::load(&paths, None, &env)
}

#[test]
fn what_is_absent_is_the_default() {
    assert_eq!(load("", &[]).unwrap(), Settings::default());
    assert_eq!(Settings::load(&Paths::default(), None, &|_| None).unwrap(), Settings::default());
    let settings = load("[ui]\nmouse = false", &[]).unwrap();
    assert_eq!(settings.ui, UiSettings { mouse: false, ..UiSettings::default() });
}

#[test]
fn the_defaults_written_out_are_a_good_file() {
    let text = toml::to_string(&Settings::default()).unwrap();
    assert!(text.contains("memory = \"32MiB\""), "{text}");
    assert_eq!(load(&text, &[]).unwrap(), Settings::default());
}

#[test]
fn the_environment_goes_before_the_file() {
    let file = "read_only = false\n[ui]\ntheme = 'nord'\nkeymap = 'k9s'\n[engine]\nhost = 'tcp://a:1'";
    let plain = load(file, &[]).unwrap();
    assert_eq!((plain.ui.theme.as_str(), plain.engine.host.as_deref()), ("nord", Some("tcp://a:1")));
    let settings =
        load(file, &[("QD_THEME", "mono"), ("QD_READ_ONLY", "1"), ("DOCKER_HOST", "unix:///x")]).unwrap();
    assert_eq!(settings.ui.theme, "mono");
    assert_eq!(settings.ui.keymap, "k9s");
    assert!(settings.read_only);
    assert_eq!(settings.engine, EngineSettings::default());

    assert!(load("read_only = true", &[("QD_READ_ONLY", "0")]).unwrap().read_only);
    let said = load("", &[("QD_READ_ONLY", "maybe")]).unwrap_err().to_string();
    assert!(said.starts_with("QD_READ_ONLY: `maybe` is neither yes nor no"), "{said}");
}

#[test]
fn a_flag_replaces_the_whole_choice_of_engine() {
    let mut engine = EngineSettings { host: Some("tcp://a:1".into()), context: None };
    engine.replace(None, None);
    assert_eq!(engine.host.as_deref(), Some("tcp://a:1"));
    engine.replace(None, Some("prod".into()));
    assert_eq!(engine, EngineSettings { host: None, context: Some("prod".into()) });
}

#[test]
fn the_home_directory_may_be_written_short() {
    let settings = load("logs.save_dir = '~/logs'", &[("HOME", "/home/me")]).unwrap();
    assert_eq!(settings.logs.save_dir.unwrap(), PathBuf::from("/home/me/logs"));
    assert!(load("logs.save_dir = '~/logs'", &[]).unwrap_err().to_string().contains("HOME is not set"));
}

#[test]
fn all_mistakes_are_told_with_place_and_remedy() {
    let text = "\
readonly = true
protected = ['prod', '']
[ui]
theem = 'nord'
mouse = 'yes'
colors = '512'
[logs]
memory = '32 parsecs'
tail = -5
save_dir = 'logs'
[engine]
host = 'a'
context = 'b'
[servers]
";
    let said: Vec<String> =
        Settings::read("c.toml", text).unwrap_err().0.iter().map(ToString::to_string).collect();
    let expected = [
        (
            "c.toml:1:1: config.toml has no `readonly` (did you mean `read_only`?)",
            "it has read_only, protected",
        ),
        ("c.toml:2:13: `protected`: an empty name protects nothing", "prod-*"),
        ("c.toml:4:1: [ui] has no `theem` (did you mean `theme`?)", "it has theme, keymap"),
        ("c.toml:5:9: `mouse`: invalid type: string \"yes\", expected a boolean", "like `mouse = true`"),
        ("c.toml:6:10: `colors`: unknown variant `512`, expected one of", "like `colors = \"auto\"`"),
        (
            "c.toml:8:10: `memory`: invalid value: string \"32 parsecs\", expected a size",
            "like `memory = \"32MiB\"`",
        ),
        ("c.toml:9:8: `tail`:", "like `tail = 1000`"),
        ("c.toml:10:12: `save_dir`: the path depends on where qd is started", "begin it with / or ~/"),
        ("c.toml:11:1: `engine`: `host` and `context` both name an engine", "keep one of the two"),
        ("c.toml:14:2: config.toml has no `servers`", "it has read_only"),
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, (what, remedy)) in said.iter().zip(expected) {
        assert!(said.starts_with(what) && said.contains(remedy), "{said}\nis not\n{what} … {remedy}");
    }
}

#[test]
fn what_is_no_toml_is_told_once_for_each_place() {
    let problems = Settings::read("c.toml", "read_only = \n[ui]\ntheme = nord\n").unwrap_err().0;
    assert!(problems.iter().any(|p| p.line == 1) && problems.iter().any(|p| p.line == 3), "{problems:#?}");
    let twice = Settings::read("c.toml", "read_only = true\nread_only = false\n").unwrap_err().to_string();
    assert!(twice.contains("c.toml:2:") && twice.contains("keep one of the two"), "{twice}");
}

#[test]
fn hostile_files_put_no_escape_into_the_words_about_them() {
    for text in [
        "\"\\u001b]52;c;x\\u0007\" = 1",
        "[ui]\ntheme = 3\nmouse = \"\\u001b[31m\"",
        "\u{1b}[31m",
        "ui = \"\u{202e}\"",
    ] {
        let said = Settings::read("c.toml", text).unwrap_err().to_string();
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
        assert!(!said.contains('\u{202e}'), "{said:?}");
    }
}

#[test]
fn a_file_named_must_be_there_and_be_text() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("nowhere.toml");
    let said =
        |p: &std::path::Path| Settings::load(&Paths::default(), Some(p), &|_| None).unwrap_err().to_string();
    assert!(said(&missing).contains("nowhere.toml: it can't be read"), "{}", said(&missing));
    assert!(said(dir.path()).contains("no file of text"), "{}", said(dir.path()));
    let binary = dir.path().join("b.toml");
    fs::write(&binary, b"a = 1\nb = '\xff'\n").unwrap();
    assert!(said(&binary).contains("b.toml:2: it is not UTF-8"), "{}", said(&binary));
}

#[test]
fn every_setting_is_documented_with_type_and_default() {
    let table = reference();
    for line in [
        "| `read_only` | true, false | `false` | Refuse every change, at the engine's edge. Variable: `QD_READ_ONLY`. |",
        "| `ui.theme` | text | `\"quarterdeck\"` |",
        "| `ui.colors` | `\"auto\"`, `\"true\"`, `\"256\"`, `\"16\"`, `\"none\"` | `\"auto\"` |",
        "| `ui.ascii` | true, false | – |",
        "| `logs.memory` | text | `\"32MiB\"` |",
        "| `logs.tail` | number | `1000` |",
        "| `protected` | list | `[]` |",
    ] {
        assert!(table.contains(line), "{line}\nnot in\n{table}");
    }
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.split(" | ").collect();
        assert!(cells.len() == 4 && cells[3].len() > 10 && cells[1] != "value", "{row}");
    }
}

#[test]
fn the_schema_refuses_unknown_keys_and_every_example_is_good() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["ui"]["additionalProperties"], false);
    for (section, keys) in [
        ("", "read_only protected"),
        ("ui", "theme keymap mouse ascii colors utc"),
        ("engine", "host context"),
        ("logs", "memory tail save_dir"),
    ] {
        for key in keys.split(' ') {
            let path = if section.is_empty() { key.into() } else { format!("{section}.{key}") };
            let example = reference::example(&path).unwrap_or_else(|| panic!("no example for {path}"));
            Settings::read("x", &format!("{path} = {example}")).unwrap_or_else(|e| panic!("{path}: {e}"));
        }
    }
}

#[test]
fn the_users_word_on_colours_goes_before_the_terminals() {
    let env = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
    assert_eq!(Colors::Auto.depth(&env), Depth::None);
    assert_eq!(Colors::Indexed256.depth(&env), Depth::Indexed256);
    assert_eq!(Colors::None.depth(&|n| (n == "COLORTERM").then(|| "truecolor".into())), Depth::None);
}
