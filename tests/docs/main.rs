//! The README's tables and pictures are what the program makes of itself, now.
//!
//! `QD_BLESS=1 cargo test --test docs` writes them anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod screens;
#[path = "../stage/mod.rs"]
mod stage;
mod svg;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::CommandFactory;
use quarterdeck::alert::{defaults_markdown, metrics_markdown};
use quarterdeck::cli::Exit;
use quarterdeck::cli::args::Cli;
use quarterdeck::config::{Library, keys_markdown, reference};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn blessing() -> bool {
    std::env::var_os("QD_BLESS").is_some()
}

/// The file holds exactly this; when blessing, it is made to.
fn same(path: &str, made: &str) {
    let file = root().join(path);
    if blessing() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, made).unwrap();
        return;
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(there == made, "{path} is out of date: QD_BLESS=1 cargo test --test docs");
}

/// `text` with what stands between the markers of `name` replaced.
fn replaced(text: &str, name: &str, made: &str) -> String {
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no block {name} in the README"));
    let (_, after) = rest.split_once("<!-- /generated -->").unwrap();
    format!("{before}{begin}{}\n<!-- /generated -->{after}", made.trim_end())
}

#[test]
fn the_readme_says_what_the_program_says() {
    let file = root().join("README.md");
    let mut text = fs::read_to_string(&file).unwrap();
    let library = Library::default();
    for (name, made) in [
        ("commands", commands()),
        ("exit-codes", exit_codes()),
        ("keys", keys_markdown(&library.keymap("default").unwrap())),
        ("config", reference()),
        ("themes", themes(&library)),
        ("alert-metrics", metrics_markdown()),
        ("alert-rules", defaults_markdown()),
    ] {
        text = replaced(&text, name, &made);
    }
    same("README.md", &text);
}

#[test]
fn every_picture_of_the_readme_is_made_here() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let linked = text.split("](tests/docs/pictures/").skip(1).map(|rest| rest.split(".svg)").next().unwrap());
    let mut linked: Vec<String> = linked.map(str::to_owned).collect();
    let mut made: Vec<String> = Vec::new();
    for (name, picture) in screens::all() {
        same(&format!("tests/docs/pictures/{name}.svg"), &picture);
        made.push(name.to_owned());
    }
    linked.sort();
    made.sort();
    assert_eq!(linked, made);
}

fn commands() -> String {
    let mut out = String::from("| command | what it does |\n|---|---|\n| `qd` | The console |\n");
    for command in Cli::command().get_subcommands().filter(|c| c.get_name() != "help") {
        let usage = command.clone().bin_name(format!("qd {}", command.get_name())).render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").replace(" [OPTIONS]", "").replace('|', "\\|");
        writeln!(out, "| `{usage}` | {} |", command.get_about().unwrap()).unwrap();
    }
    out
}

fn exit_codes() -> String {
    let mut out = String::from("| code | meaning |\n|---|---|\n");
    for (exit, meaning) in Exit::TABLE {
        writeln!(out, "| {} | {meaning} |", exit.code()).unwrap();
    }
    out
}

fn themes(library: &Library) -> String {
    let mut out = String::from("| theme | about |\n|---|---|\n");
    for theme in library.themes() {
        writeln!(out, "| `{}` | {} |", theme.name, theme.doc).unwrap();
    }
    out
}
