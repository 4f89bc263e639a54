//! The house keeps its shape: pure rooms do no IO and read no clock, and arrows between rooms
//! point one way. What is checked is the source, without comments and text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Every room with the rooms it may name, the deepest first: each names only rooms before it.
const ROOMS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("action", &[]),
    ("fleet", &["text"]),
    ("logs", &["text", "fleet"]),
    ("alert", &["text", "fleet"]),
    ("config", &["text", "action", "alert"]),
    ("host", &["text", "fleet"]),
    ("engine", &["text", "fleet", "logs", "config", "host"]),
    ("probe", &["text", "fleet", "config", "engine"]),
    ("metrics", &["text", "fleet", "config", "engine", "probe"]),
    ("follow", &["text", "fleet", "logs", "engine"]),
    ("journal", &["text", "fleet", "alert", "config"]),
    ("notify", &["text", "fleet", "alert", "config"]),
    ("duty", &["text", "fleet", "alert", "config", "journal", "notify"]),
    ("postmortem", &["text", "fleet", "logs", "engine", "follow", "journal"]),
    ("operate", &["text", "action", "fleet", "config", "engine", "probe", "journal"]),
    ("watch", &["fleet", "config", "engine", "probe", "metrics"]),
    (
        "console",
        &[
            "text",
            "action",
            "fleet",
            "logs",
            "alert",
            "config",
            "host",
            "engine",
            "probe",
            "follow",
            "journal",
            "notify",
            "duty",
            "postmortem",
            "operate",
            "watch",
        ],
    ),
    (
        "cli",
        &[
            "text",
            "action",
            "fleet",
            "logs",
            "alert",
            "config",
            "host",
            "engine",
            "probe",
            "metrics",
            "follow",
            "journal",
            "notify",
            "duty",
            "postmortem",
            "operate",
            "watch",
            "console",
        ],
    ),
];

/// Rooms that only compute.
const PURE: &[&str] = &["text", "fleet", "logs", "action", "alert"];

/// What reaches outside the process, or reads a clock.
const IO: &[&str] = &[
    "tokio",
    "bollard",
    "reqwest",
    "rusqlite",
    "std::fs",
    // Not all of std::net: addresses are plain data.
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "std::process",
    "std::env",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
];

/// What draws.
const DRAWING: &[&str] = &["ratatui", "crossterm"];

/// In the console only these do IO; the rest is message in, effects out, and drawing.
const CONSOLE_IO: &[&str] = &["run", "runner", "terminal"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All files of a room, with their code.
fn room(name: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![source().join(name)];
    let single = source().join(format!("{name}.rs"));
    if single.is_file() {
        files.push(single);
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "there is no room {name}");
    let read = |path: PathBuf| {
        let code = code(&fs::read_to_string(&path).unwrap());
        (path, code)
    };
    files.into_iter().map(read).collect()
}

/// The source without comments, text and character literals; lines stay lines.
fn code(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let start = i;
        match (at(i), at(i + 1)) {
            ('/', '/') => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            ('/', '*') => {
                let mut depth = 0;
                loop {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 || i >= chars.len() {
                        break;
                    }
                }
            }
            ('r', '"' | '#') if !out.ends_with(|c: char| c.is_alphanumeric() || c == '_') => {
                let hashes = (i + 1..chars.len()).take_while(|&j| at(j) == '#').count();
                if at(i + 1 + hashes) == '"' {
                    i += 2 + hashes;
                    while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|k| at(i + k) == '#')) {
                        i += 1;
                    }
                    i += 1 + hashes;
                } else {
                    out.push('r');
                    i += 1;
                    continue;
                }
            }
            ('"', _) => {
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                i += 1;
            }
            ('\'', '\\') => {
                i += 3;
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            }
            ('\'', _) if at(i + 2) == '\'' => i += 3,
            (c, _) => {
                out.push(c);
                i += 1;
                continue;
            }
        }
        // Something was left out: keep its lines, so that words around it do not grow together.
        out.extend(chars[start..i.min(chars.len())].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
    }
    out
}

/// Where a name stands in code as a word of its own, as line numbers. `std::fs` also means
/// `std::{fs, …}`.
fn mentions(code: &str, name: &str) -> Vec<usize> {
    let code = unfold(code);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name)
        .filter(|(i, _)| {
            let before = code[..*i].chars().next_back();
            let after = code[i + name.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
        .map(|(i, _)| code[..i].matches('\n').count() + 1)
        .collect()
}

/// `use a::{b::c, d}` → with `a::b` and `a::d` spelt out behind it, on the same line.
fn unfold(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("::{") {
        let (head, tail) = rest.split_at(at);
        let prefix: String = head
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        out.push_str(head);
        let mut depth = 0;
        let mut name = String::new();
        for c in tail[2..].chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 1 && (c.is_alphanumeric() || matches!(c, '_' | ':')) {
                name.push(c);
            } else if !name.is_empty() {
                let _ = write!(out, " {prefix}::{} ", name.trim_end_matches(':'));
                name.clear();
            }
            if depth == 0 {
                break;
            }
        }
        out.push_str("::");
        rest = &tail[2..];
    }
    out.push_str(rest);
    out
}

/// The rooms a file names: by `crate::room`, or from a room's own front door by `super::room`.
fn named(path: &Path, code: &str) -> BTreeSet<&'static str> {
    let folder = path.parent().unwrap_or(path);
    let is_door = folder == source() || (path.ends_with("mod.rs") && folder.parent() == Some(&source()));
    let says = |from: &str, room: &str| !mentions(code, &format!("{from}::{room}")).is_empty();
    let names = ROOMS.iter().map(|(room, _)| *room);
    names.filter(|room| says("crate", room) || (is_door && says("super", room))).collect()
}

fn complain(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn forbidden(files: &[(PathBuf, String)], words: &[&str], why: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, code) in files {
        for word in words {
            for line in mentions(code, word) {
                wrong.push(format!("{}:{line}: names `{word}`: {why}", path.display()));
            }
        }
    }
    wrong
}

#[test]
fn pure_rooms_only_compute() {
    let mut wrong = Vec::new();
    for name in PURE {
        wrong.extend(forbidden(&room(name), &[IO, DRAWING].concat(), "this room is pure"));
    }
    complain(&wrong);
}

#[test]
fn the_console_does_io_in_its_runner_only() {
    let console = source().join("console");
    let mut files = room("console");
    files.retain(|(path, _)| {
        let inside = path.strip_prefix(&console).unwrap();
        let first = Path::new(inside.iter().next().unwrap()).with_extension("");
        !CONSOLE_IO.iter().any(|io| first == Path::new(io))
    });
    assert!(files.len() > 5, "the console moved");
    // tokio::test and the like would be fine in tests, and are not needed either.
    complain(&forbidden(&files, IO, "only the console's runner and terminal may"));
}

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (name, may) in ROOMS {
        for (path, code) in room(name) {
            for other in named(&path, &code) {
                if other != *name && !may.contains(&other) {
                    let path = path.display();
                    wrong.push(format!("{path}: {name} names {other}; it may name {}", may.join(", ")));
                }
            }
        }
    }
    complain(&wrong);
}

#[test]
fn every_room_is_in_the_table_and_the_table_has_no_circle() {
    let lib = code(&fs::read_to_string(source().join("lib.rs")).unwrap());
    let declared: BTreeSet<&str> =
        lib.lines().filter_map(|l| l.trim().strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let listed: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    assert_eq!(declared, listed);
    for (i, (room, may)) in ROOMS.iter().enumerate() {
        for other in *may {
            assert!(
                ROOMS[..i].iter().any(|(r, _)| r == other),
                "{room} may name {other}, which comes after it"
            );
        }
    }
}

#[test]
fn the_checks_above_can_fail() {
    let sample = r##"
//! tokio in docs
/* std::fs /* nested */ in a comment */
use std::{collections::HashMap, fs};
use crate::{fleet::{Fleet, Id}, console::Msg};
const A: &str = "ratatui \" crossterm";
const B: &str = r#"bollard " reqwest"#;
const C: char = '"';
fn f<'a>(x: &'a str) { tokio::spawn(x); my_tokio(); Instant::now(); let q = '\''; }
"##;
    let code = code(sample);
    assert_eq!(mentions(&code, "tokio"), [9]);
    assert_eq!(mentions(&code, "std::fs"), [4]);
    assert_eq!(mentions(&code, "Instant::now"), [9]);
    for text in ["ratatui", "crossterm", "bollard", "reqwest", "rusqlite", "TcpStream"] {
        assert_eq!(mentions(&code, text), [], "{text}");
    }
    let inside = source().join("text/human.rs");
    assert_eq!(named(&inside, &code), BTreeSet::from(["fleet", "console"]));
    assert_eq!(named(&inside, "super::cli"), BTreeSet::new());
    assert_eq!(named(&source().join("text/mod.rs"), "super::cli"), BTreeSet::from(["cli"]));
    assert_eq!(named(&source().join("text.rs"), "super::{cli}"), BTreeSet::from(["cli"]));
}
