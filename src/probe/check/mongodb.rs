//! `MongoDB`: `hello`, the command every driver begins with. A server that is neither primary nor
//! secondary (it starts, or recovers) is not ready.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{MAX_ANSWER, Wire};
use crate::probe::attempt::Outcome;
use crate::probe::words;

/// The opcode of a message of any kind.
const OP_MSG: i32 = 2013;
/// Ours, which the answer has to name.
const REQUEST: i32 = 0x7164;
/// "There is no such command": an old server, which serves.
const COMMAND_NOT_FOUND: f64 = 59.0;

pub(super) async fn run<S: Wire>(stream: &mut S) -> io::Result<Outcome> {
    stream.write_all(&hello()).await?;
    let length = stream.read_i32_le().await?;
    let _id = stream.read_i32_le().await?;
    let to = stream.read_i32_le().await?;
    let opcode = stream.read_i32_le().await?;
    let rest = usize::try_from(length).ok().and_then(|length| length.checked_sub(16));
    let rest = rest.filter(|rest| (9..MAX_ANSWER).contains(rest));
    let (Some(rest), REQUEST, OP_MSG) = (rest, to, opcode) else {
        return Ok(words::fail("does not speak MongoDB"));
    };
    let mut body = vec![0; rest];
    stream.read_exact(&mut body).await?;
    // Flags, the kind of the first section, and the document.
    let fields = body.get(5..).and_then(fields);
    Ok(fields.map_or_else(|| words::fail("its answer makes no sense"), |fields| judge(&fields)))
}

/// `{ hello: 1, $db: "admin" }`.
fn hello() -> Vec<u8> {
    let mut document = Vec::new();
    document.extend(b"\x10hello\0");
    document.extend(1_i32.to_le_bytes());
    document.extend(b"\x02$db\0");
    document.extend(6_i32.to_le_bytes());
    document.extend(b"admin\0\0");
    let mut out = Vec::new();
    out.extend((16 + 4 + 1 + 4 + document.len() as u32).to_le_bytes());
    for number in [REQUEST, 0, OP_MSG, 0] {
        out.extend(number.to_le_bytes());
    }
    out.push(0);
    out.extend((4 + document.len() as u32).to_le_bytes());
    out.extend(document);
    out
}

/// What we want to know of a document.
#[derive(Debug, Default, PartialEq)]
struct Fields {
    ok: f64,
    code: f64,
    message: String,
    /// Whether it says of itself that it is primary, secondary, arbiter or router.
    serves: bool,
    /// Whether it says anything of the kind.
    told: bool,
}

/// The top level of a BSON document.
fn fields(document: &[u8]) -> Option<Fields> {
    let length = usize::try_from(i32::from_le_bytes(document.first_chunk().copied()?)).ok()?;
    let mut at = document.get(4..length)?;
    let mut found = Fields::default();
    while let [kind, rest @ ..] = at {
        if *kind == 0 {
            return Some(found);
        }
        let end = rest.iter().position(|&byte| byte == 0)?;
        let (name, value) = (rest.get(..end)?, rest.get(end + 1..)?);
        let size = size(*kind, value)?;
        let (value, rest) = value.split_at_checked(size)?;
        note(&mut found, name, *kind, value);
        at = rest;
    }
    None
}

fn note(found: &mut Fields, name: &[u8], kind: u8, value: &[u8]) {
    let number = match kind {
        0x01 => value.first_chunk().map(|bytes| f64::from_le_bytes(*bytes)),
        0x10 => value.first_chunk().map(|bytes| f64::from(i32::from_le_bytes(*bytes))),
        0x08 => value.first().map(|&byte| f64::from(byte)),
        _ => None,
    };
    match name {
        b"ok" => found.ok = number.unwrap_or_default(),
        b"code" => found.code = number.unwrap_or_default(),
        b"errmsg" => {
            let text = value.get(4..value.len().saturating_sub(1)).unwrap_or_default();
            found.message = words::quoted(text).to_string();
        }
        b"isWritablePrimary" | b"ismaster" | b"secondary" | b"arbiterOnly" => {
            found.told = true;
            found.serves |= number == Some(1.0);
        }
        _ => {}
    }
}

/// Bytes of a value.
fn size(kind: u8, value: &[u8]) -> Option<usize> {
    let prefix = || usize::try_from(i32::from_le_bytes(value.first_chunk().copied()?)).ok();
    match kind {
        0x08 => Some(1),
        0x10 => Some(4),
        0x01 | 0x09 | 0x11 | 0x12 => Some(8),
        0x07 => Some(12),
        0x13 => Some(16),
        0x0a | 0xff | 0x7f => Some(0),
        0x02 => prefix()?.checked_add(4),
        0x05 => prefix()?.checked_add(5),
        // Documents count themselves.
        0x03 | 0x04 => prefix().filter(|&n| n >= 5),
        _ => None,
    }
}

fn judge(fields: &Fields) -> Outcome {
    if fields.ok < 1.0 {
        if fields.code.total_cmp(&COMMAND_NOT_FOUND).is_eq() {
            return Outcome::Passed;
        }
        let why = if fields.message.is_empty() { "it refuses hello" } else { &fields.message };
        return words::fail(why);
    }
    if fields.told && !fields.serves {
        return words::fail("neither primary nor secondary: it starts or recovers");
    }
    Outcome::Passed
}
