//! Kafka: `ApiVersions`, what every client asks first and every broker answers before it asks who we
//! are.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{MAX_ANSWER, Wire};
use crate::probe::attempt::Outcome;
use crate::probe::words;

/// Ours, which the answer has to name.
const CORRELATION: i32 = 0x7164;
/// "I do not know that version": a broker all the same.
const UNSUPPORTED_VERSION: i16 = 35;
const CLIENT: &[u8] = b"quarterdeck";

pub(super) async fn run<S: Wire>(stream: &mut S) -> io::Result<Outcome> {
    stream.write_all(&request()).await?;
    let length = stream.read_i32().await?;
    if !usize::try_from(length).is_ok_and(|length| (6..MAX_ANSWER).contains(&length)) {
        return Ok(words::fail("does not speak Kafka"));
    }
    if stream.read_i32().await? != CORRELATION {
        return Ok(words::fail("does not speak Kafka"));
    }
    Ok(match stream.read_i16().await? {
        0 | UNSUPPORTED_VERSION => Outcome::Passed,
        code => words::fail(format!("it refuses ApiVersions with error {code}")),
    })
}

/// Key 18, version 0.
fn request() -> Vec<u8> {
    let mut out = Vec::new();
    out.extend((2 + 2 + 4 + 2 + CLIENT.len() as u32).to_be_bytes());
    out.extend(18_i16.to_be_bytes());
    out.extend(0_i16.to_be_bytes());
    out.extend(CORRELATION.to_be_bytes());
    out.extend((CLIENT.len() as u16).to_be_bytes());
    out.extend(CLIENT);
    out
}
