//! How bad a line says it is: told from the first bytes, without regular expressions.
//!
//! Only what a logger writes counts: a word in capitals (`ERROR`), in brackets (`[warn]`), before
//! a colon at the start (`error:`), after a level key (`level=error`, `"severity":"ERROR"`), a
//! klog or syslog prefix. A word in a sentence (`no errors found`) does not.

use super::Level;

/// Bytes of a plain line that are looked at.
const HEAD: usize = 192;
/// Bytes of a JSON line that are looked at: some loggers write the level after the message.
const JSON_HEAD: usize = 4096;

impl Level {
    /// All levels a line can be held to, lowest first.
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Its name, lower case; empty for [`Level::Unknown`].
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// Its name in five columns at most, upper case: what a log view puts in front of a line.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    /// The level of that name, as loggers and people spell it, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        named(word.as_bytes()).map(|(level, _)| level)
    }

    /// The next higher minimum: all → debug → info → warn → error → all. What a key cycles through.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Unknown | Self::Trace => Self::Debug,
            Self::Debug => Self::Info,
            Self::Info => Self::Warn,
            Self::Warn => Self::Error,
            Self::Error | Self::Fatal => Self::Unknown,
        }
    }
}

/// The level of a sanitised line.
pub fn detect(text: &str) -> Level {
    let bytes = text.as_bytes();
    match bytes {
        [b'{', ..] => json(bytes.get(..JSON_HEAD).unwrap_or(bytes)).unwrap_or_default(),
        [b'<', digit @ b'0'..=b'9', b'>', ..] => syslog(u64::from(digit - b'0')),
        [b'<', a @ b'1'..=b'9', b @ b'0'..=b'9', b'>', ..] => {
            syslog(u64::from((a - b'0') * 10 + (b - b'0')) & 7)
        }
        [b'<', b'1', a @ b'0'..=b'9', b @ b'0'..=b'9', b'>', ..] => {
            syslog((100 + u64::from(a - b'0') * 10 + u64::from(b - b'0')) & 7)
        }
        [letter @ (b'I' | b'W' | b'E' | b'F'), a, b, c, d, b' ', ..]
            if [a, b, c, d].iter().all(|x| x.is_ascii_digit()) =>
        {
            match letter {
                b'I' => Level::Info,
                b'W' => Level::Warn,
                b'E' => Level::Error,
                _ => Level::Fatal,
            }
        }
        _ => plain(bytes.get(..HEAD).unwrap_or(bytes)).unwrap_or_default(),
    }
}

/// Whether a line without a level of its own goes on with the line before: a stack trace.
pub fn continues(text: &str) -> bool {
    text.starts_with(' ') || text.starts_with("Caused by:") || text.starts_with("Traceback ")
}

/// How a known word may be written to count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// As a word of its own in any of the places below.
    Usual,
    /// Short forms and words of other meanings: only in capitals, in brackets, after a key, or at
    /// the start before a colon.
    Short,
}

/// The level a word names, in any case.
fn named(word: &[u8]) -> Option<(Level, Spelling)> {
    use Level::{Debug, Error, Fatal, Info, Trace, Warn};
    use Spelling::{Short, Usual};
    let mut lower = [0_u8; 13];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" => (Trace, Usual),
        b"trce" | b"trc" | b"vrb" | b"verbose" | b"finest" | b"finer" | b"silly" => (Trace, Short),
        b"debug" => (Debug, Usual),
        b"dbg" | b"dbug" | b"debg" | b"fine" => (Debug, Short),
        b"info" | b"notice" => (Info, Usual),
        b"inf" | b"information" | b"informational" | b"note" | b"log" | b"system" => (Info, Short),
        b"warn" | b"warning" => (Warn, Usual),
        b"wrn" => (Warn, Short),
        b"error" => (Error, Usual),
        b"err" | b"eror" | b"erro" | b"severe" | b"fail" | b"failure" => (Error, Short),
        b"fatal" | b"critical" | b"panic" | b"emergency" => (Fatal, Usual),
        b"ftl" | b"fatl" | b"crit" | b"emerg" | b"alert" | b"dpanic" => (Fatal, Short),
        _ => return None,
    })
}

/// Whether a word is a key whose value is the level.
fn is_level_key(key: &[u8]) -> bool {
    let key = key.strip_prefix(b"@").unwrap_or(key);
    [
        &b"level"[..],
        b"lvl",
        b"severity",
        b"loglevel",
        b"log_level",
        b"log.level",
        b"levelname",
        b"level_name",
        b"severity_text",
        b"severitytext",
        b"priority",
    ]
    .iter()
    .any(|known| key.eq_ignore_ascii_case(known))
}

fn plain(head: &[u8]) -> Option<Level> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    // Whether only a time and punctuation came before: then a small word counts too.
    let mut only_time = true;
    let mut at = 0;
    while let Some(&byte) = head.get(at) {
        if !is_word(byte) {
            at += 1;
            continue;
        }
        let start = at;
        while head.get(at).is_some_and(|&b| is_word(b)) {
            at += 1;
        }
        let word = head.get(start..at)?;
        let before = start.checked_sub(1).and_then(|b| head.get(b).copied());
        let after = head.get(at).copied();
        if byte.is_ascii_alphabetic() {
            if matches!(after, Some(b'=')) && is_level_key(word) {
                let value = head.get(at + 1..)?;
                let value = value.strip_prefix(b"\"").unwrap_or(value);
                let end = value.iter().position(|&b| !is_word(b)).unwrap_or(value.len());
                let value = value.get(..end)?;
                return named(value).map(|(level, _)| level).or_else(|| number(value));
            }
            // Most words end here: in the middle of a sentence, and not in capitals.
            let capitals = byte.is_ascii_uppercase() && word.get(1).is_some_and(u8::is_ascii_uppercase);
            let placed = capitals || only_time || matches!(after, Some(b']' | b'>' | b')' | b'|'));
            if placed
                && (3..=13).contains(&word.len())
                && let Some((level, spelling)) = named(word)
                && counts(word, level, spelling, before, after, start == 0, only_time)
            {
                return Some(level);
            }
            only_time &= matches!(word, b"T" | b"Z" | b"UTC" | b"GMT" | b"AM" | b"PM");
        } else if only_time {
            // `2024-01-01T12` and `00Z` are times, `31m0s` and names with digits are not.
            only_time = word.iter().all(|b| b.is_ascii_digit() || matches!(b, b'T' | b'Z'));
        }
    }
    None
}

/// Whether a level's word stands where a logger would put it.
fn counts(
    word: &[u8],
    level: Level,
    spelling: Spelling,
    before: Option<u8>,
    after: Option<u8>,
    first: bool,
    only_time: bool,
) -> bool {
    let closed = matches!(after, Some(b']' | b'>' | b')' | b'|'));
    if closed && matches!(before, Some(b'[' | b'<' | b'(' | b'|' | b':')) {
        return true;
    }
    let open_before =
        before.is_none_or(|b| matches!(b, b' ' | b'[' | b'(' | b'<' | b'|' | b':' | b'=' | b'"' | b','));
    let open_after =
        after.is_none_or(|b| matches!(b, b' ' | b']' | b'[' | b')' | b'>' | b'|' | b':' | b'"' | b','));
    if !open_before || !open_after {
        return false;
    }
    if word.iter().all(u8::is_ascii_uppercase) {
        // `LOG:` is Postgres, `LOG` is a word; the same with the other words of several meanings.
        return spelling == Spelling::Usual
            || word.len() == 3 && word != b"LOG"
            || matches!(after, Some(b':' | b']' | b'|'))
            || matches!(word, b"SEVERE" | b"CRIT" | b"VERBOSE" | b"FINE" | b"FINER" | b"FINEST");
    }
    // `error: …`, and winston's `2024-01-01T12:00:00Z error: …`.
    if only_time && after == Some(b':') {
        return true;
    }
    // `2024-01-01 12:00:00 warn text`, or an error at the very start of a sentence.
    only_time && spelling == Spelling::Usual && after == Some(b' ') && (!first || level >= Level::Warn)
}

/// A level by number: pino and bunyan (10–60), or syslog severities (0–7).
fn number(digits: &[u8]) -> Option<Level> {
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = digits.iter().fold(0_u64, |n, d| n * 10 + u64::from(d - b'0'));
    Some(match n {
        0..=7 => syslog(n),
        8..=19 => Level::Trace,
        20..=29 => Level::Debug,
        30..=39 => Level::Info,
        40..=49 => Level::Warn,
        50..=59 => Level::Error,
        _ => Level::Fatal,
    })
}

/// A syslog severity, 0–7.
fn syslog(severity: u64) -> Level {
    match severity & 7 {
        0..=2 => Level::Fatal,
        3 => Level::Error,
        4 => Level::Warn,
        5 | 6 => Level::Info,
        _ => Level::Debug,
    }
}

/// The value of the first level key of a JSON object, at any depth.
fn json(head: &[u8]) -> Option<Level> {
    let mut at = 1;
    loop {
        at += memchr::memchr(b'"', head.get(at..)?)? + 1;
        let end = string_end(head, at)?;
        let key = head.get(at..end)?;
        at = end + 1;
        let rest = head.get(at..)?.trim_ascii_start();
        let Some(value) = rest.strip_prefix(b":") else { continue };
        let value = value.trim_ascii_start();
        let single = key == b"s";
        if !is_level_key(key) && !single {
            // The value may hold quotes of its own: skip it whole.
            if value.starts_with(b"\"") {
                at = string_end(head, head.len() - value.len() + 1)? + 1;
            }
            continue;
        }
        let level = match value {
            [b'"', rest @ ..] => {
                let end = rest.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
                let word = rest.get(..end)?;
                if single { letter(word) } else { named(word).map(|(l, _)| l).or_else(|| number(word)) }
            }
            rest if !single => {
                let end = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
                number(rest.get(..end)?)
            }
            _ => None,
        };
        if level.is_some() {
            return level;
        }
        if value.starts_with(b"\"") {
            at = string_end(head, head.len() - value.len() + 1)? + 1;
        }
    }
}

/// The severity as `mongod` writes it: `F`, `E`, `W`, `I`, `D1`–`D5`.
fn letter(word: &[u8]) -> Option<Level> {
    Some(match word {
        b"F" => Level::Fatal,
        b"E" => Level::Error,
        b"W" => Level::Warn,
        b"I" => Level::Info,
        [b'D', b'1'..=b'5'] => Level::Debug,
        _ => return None,
    })
}

/// Where the JSON string that begins at `from` (after its quote) ends: the index of its closing
/// quote.
fn string_end(head: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', head.get(at..)?)?;
        if head.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::{Level, detect};
    use proptest::prelude::*;

    #[test]
    fn what_loggers_write() {
        use Level::{Debug, Error, Fatal, Info, Trace, Unknown, Warn};
        for (text, level) in [
            ("ERROR connect ECONNREFUSED 10.0.3.7:5432", Error),
            ("2026-11-20 12:03:21.113 ERROR x", Error),
            ("12:00:00.123 [main] INFO  com.foo.Bar - started", Info),
            ("2024/01/01 12:00:00 [error] 31#31: *1 open() failed", Error),
            ("[Sun Jan 01 12:00:00.0 2024] [core:warn] [pid 1] x", Warn),
            ("2024-01-01T00:00:00.000000Z 0 [Warning] [MY-010068] x", Warn),
            ("2024-01-01 12:00:00.000 UTC [1] LOG:  ready", Info),
            ("2024-01-01 12:00:00.000 UTC [1] FATAL:  password authentication failed", Fatal),
            ("time=\"2024\" level=warning msg=\"x\"", Warn),
            ("ts=1 caller=x.go:1 level=debug msg=x", Debug),
            ("ts=1 lvl=eror x", Error),
            ("INFO[0000] started", Info),
            ("INFO:     Started server", Info),
            ("WARNING:root:x", Warn),
            ("info: Microsoft.Hosting[14]", Info),
            ("fail: Microsoft[1]", Error),
            ("crit: x", Fatal),
            ("[12:00:00 INF] x", Info),
            ("12:00PM ERR x", Error),
            ("2024-01-01 12:00:00 warn x", Warn),
            ("2024-01-01T12:00:00Z info x", Info),
            ("2026-11-20T13:59:25.857Z error: GET /health 503 7ms", Error),
            ("request 7 error: x", Unknown),
            ("panic: runtime error: index out of range", Fatal),
            ("error connecting to db", Error),
            ("Error: ECONNREFUSED", Error),
            ("W, [2024-01-01T12:00:00.1 #1]  WARN -- : x", Warn),
            ("E0412 12:00:00.000000       1 main.go:1] x", Error),
            ("I0412 12:00:00.000000       1 main.go:1] x", Info),
            ("<3>disk full", Error),
            ("<14>x", Info),
            ("<134>x", Info),
            (r#"{"level":30,"time":1,"msg":"x"}"#, Info),
            (r#"{"level":50}"#, Error),
            (r#"{"msg":"level \"error\": \"level\":\"debug\"","severity":"ERROR"}"#, Error),
            (r#"{"t":{"$date":"x"},"s":"W","c":"NETWORK"}"#, Warn),
            (r#"{"log":{"level":"debug"}}"#, Debug),
            (r#"{ "lvl" : "trace" }"#, Trace),
            (r#"{"level":"","msg":"x","severity":"fatal"}"#, Fatal),
            (r#"{"msg":"error"}"#, Unknown),
            ("GET /error 200", Unknown),
            ("no errors found", Unknown),
            ("the error was handled", Unknown),
            ("information about you", Unknown),
            ("Debug mode is off", Unknown),
            ("see LOG for more", Unknown),
            ("LOG_LEVEL_ERROR", Unknown),
            ("-ERR unknown command", Unknown),
            ("127.0.0.1 - - [x] \"GET / HTTP/1.1\" 500 1", Unknown),
            ("", Unknown),
        ] {
            assert_eq!(detect(text), level, "{text}");
        }
    }

    #[test]
    fn the_minimum_goes_round() {
        let mut level = Level::Unknown;
        let mut seen = vec![level];
        while level.raised() != Level::Unknown {
            level = level.raised();
            seen.push(level);
        }
        assert_eq!(seen, [Level::Unknown, Level::Debug, Level::Info, Level::Warn, Level::Error]);
        for level in Level::ALL {
            assert_eq!(Level::from_word(level.word()), Some(level));
            assert_eq!(Level::from_word(level.tag()), Some(level));
        }
    }

    proptest! {
        #[test]
        fn anything_is_taken(text in "\\PC{0,80}", json in "[{\":,\\\\a-e}]{0,60}") {
            detect(&text);
            detect(&json);
            detect(&format!("{{\"level\":{json}"));
            detect(&format!("level={text}"));
        }
    }
}
