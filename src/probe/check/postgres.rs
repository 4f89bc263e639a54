//! `PostgreSQL`: the startup message a client begins with. Once the server asks who we are, it
//! serves; while it starts, recovers or shuts down it says so.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{MAX_ANSWER, Wire, some};
use crate::probe::attempt::Outcome;
use crate::probe::words;

/// Protocol 3.0, as nobody in particular: we do not mean to be let in. Its first four bytes are its
/// length, themselves counted.
const HELLO: &[u8] =
    b"\0\0\0\x5b\0\x03\0\0user\0postgres\0database\0postgres\0application_name\0quarterdeck\0\
                       client_encoding\0UTF8\0\0";
/// How an ended conversation is said good-bye to.
const TERMINATE: &[u8] = b"X\0\0\0\x04";

pub(super) async fn run<S: Wire>(stream: &mut S) -> io::Result<Outcome> {
    stream.write_all(HELLO).await?;
    let kind = stream.read_u8().await?;
    let length = stream.read_u32().await? as usize;
    match kind {
        // Come in, or: who are you? All of it is read, and the good-bye waited for: what is cut off
        // would be told in the server's log, each time.
        b'R' if (8..MAX_ANSWER).contains(&length) => {
            let mut asked = vec![0; length - 4];
            stream.read_exact(&mut asked).await?;
            if asked.starts_with(&[0; 4]) {
                stream.write_all(TERMINATE).await?;
                some(stream, MAX_ANSWER, Duration::from_millis(200)).await;
            }
            Ok(Outcome::Passed)
        }
        b'E' if (4..MAX_ANSWER).contains(&length) => {
            let mut fields = vec![0; length - 4];
            stream.read_exact(&mut fields).await?;
            Ok(refusal(&fields))
        }
        _ => {
            let mut said = vec![kind];
            said.extend((length as u32).to_be_bytes());
            said.extend(some(stream, 64, Duration::from_millis(50)).await);
            Ok(words::fail(format!("does not speak PostgreSQL: \"{}\"", words::quoted(&said))))
        }
    }
}

/// What an error at the beginning means. Most are about us, and so from a server that serves.
fn refusal(fields: &[u8]) -> Outcome {
    let field = |name: u8| {
        let mut all = fields.split(|&byte| byte == 0);
        all.find_map(|field| field.strip_prefix(&[name]))
    };
    let code = field(b'C').unwrap_or_default();
    // 57P…: shutting down, crashed, starting up. 53…: out of connections, memory, disk.
    // 58…, XX…: broken.
    let ails = [&b"57P"[..], b"53", b"58", b"XX"].iter().any(|class| code.starts_with(class));
    if !ails {
        return Outcome::Passed;
    }
    words::fail(words::quoted(field(b'M').unwrap_or(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_is_as_long_as_it_says() {
        assert_eq!(HELLO.first_chunk().copied().map(u32::from_be_bytes), Some(HELLO.len() as u32));
        assert!(HELLO.ends_with(b"\0\0"), "each text ends, and then all of them");
    }
}
