//! The engine asked by hand: thousands of looks would take minutes through the docker CLI.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::support::docker::Reference;

/// `GET` of a path; `null` where there is nothing.
pub fn get(reference: &Reference, path: &str) -> Value {
    let mut stream = UnixStream::connect(reference.host.trim_start_matches("unix://")).unwrap();
    // Of the old protocol: the answer ends when the connection does.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    match head.split(' ').nth(1) {
        Some("200") => serde_json::from_str(body).unwrap(),
        Some("404") => Value::Null,
        _ => panic!("{path}: {answer}"),
    }
}

/// `{"KEY":["VALUE"]}`, as filters are written in a query.
pub fn filter(key: &str, value: &str) -> String {
    format!("filters=%7B%22{key}%22%3A%5B%22{value}%22%5D%7D")
}
