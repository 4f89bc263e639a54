//! Redis: PING. One that wants a password first is alive; one that loads its data is not ready.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Wire;
use crate::probe::attempt::Outcome;
use crate::probe::words;

/// The longest line an answer may be.
const LINE: usize = 512;

pub(super) async fn run<S: Wire>(stream: &mut S) -> io::Result<Outcome> {
    stream.write_all(b"*1\r\n$4\r\nPING\r\n").await?;
    let mut line = Vec::new();
    while line.len() < LINE && !line.ends_with(b"\n") {
        match stream.read_u8().await {
            Ok(byte) => line.push(byte),
            Err(error) if line.is_empty() => return Err(error),
            Err(_) => break,
        }
        // What can't become an answer any more is not waited for.
        if line.len() == 1 && !matches!(line[0], b'+' | b'-') {
            break;
        }
    }
    Ok(match line.first() {
        Some(b'+') => Outcome::Passed,
        Some(b'-') => refusal(line.trim_ascii()),
        _ => words::fail(format!("does not speak Redis: \"{}\"", words::quoted(&line))),
    })
}

fn refusal(line: &[u8]) -> Outcome {
    let ails =
        [&b"-LOADING"[..], b"-MASTERDOWN", b"-BUSY", b"-TRYAGAIN", b"-CLUSTERDOWN", b"-ERR max number"];
    if !ails.iter().any(|word| line.starts_with(word)) {
        // NOAUTH, NOPERM, DENIED (protected mode), …: about us.
        return Outcome::Passed;
    }
    let words_of = line.strip_prefix(b"-").unwrap_or(line);
    // The first word is for machines.
    let human = words_of.splitn(2, |&byte| byte == b' ').nth(1).unwrap_or(words_of);
    words::fail(words::quoted(human))
}
