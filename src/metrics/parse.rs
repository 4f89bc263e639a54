//! The text that Prometheus scrapes: version 0.0.4 and `OpenMetrics`, line by line. Pure; nothing is
//! allocated for a line, and a bad one costs itself only.
//!
//! A line is looked at in two steps: its name, and what follows, which is read only where the name
//! is wanted. That is what makes a large answer cheap.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2};

/// The longest line that is read, bytes.
pub const MAX_LINE: usize = 64 * 1024;

/// What a line of interest says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line<'a> {
    /// One sample.
    Sample(Sample<'a>),
    /// `# TYPE family kind`.
    Type {
        /// The family.
        family: &'a str,
        /// As written: `counter`, `gauge`, `histogram`, ….
        kind: &'a str,
    },
    /// `# UNIT family unit`.
    Unit {
        /// The family.
        family: &'a str,
        /// As written: `seconds`, ….
        unit: &'a str,
    },
}

/// One sample. Its time and its exemplar are not kept: what counts is when we asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    /// The name, with `_total`, `_bucket` and the like.
    pub name: &'a str,
    /// Its labels.
    pub labels: Labels<'a>,
    /// The value; may be NaN or infinite.
    pub value: f64,
}

/// The labels of a sample: known to be well-formed, and as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels<'a>(&'a [u8]);

impl<'a> Labels<'a> {
    /// As written, without the braces: of one series always the same.
    pub fn raw(self) -> &'a [u8] {
        self.0
    }

    /// Name and value of each, in their order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            loop {
                let (pair, after) = pair(rest).ok()??;
                rest = after;
                // A name in quotes by itself is the sample's own.
                if let (name, Some(value)) = pair {
                    return Some((std::str::from_utf8(name).ok()?, Value(value)));
                }
            }
        })
    }

    /// The value of one.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// A label's value, as written between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// What is meant: `\\`, `\"` and `\n` undone, what is no UTF-8 replaced.
    pub fn text(self) -> Cow<'a, str> {
        if memchr(b'\\', self.0).is_none() {
            return String::from_utf8_lossy(self.0);
        }
        let mut out = Vec::with_capacity(self.0.len());
        let mut bytes = self.0.iter();
        while let Some(&byte) = bytes.next() {
            match (byte, byte == b'\\') {
                (_, true) => match bytes.next() {
                    Some(b'n') => out.push(b'\n'),
                    Some(&escaped @ (b'\\' | b'"')) => out.push(escaped),
                    // Not an escape that there is: as it stands.
                    Some(&other) => out.extend([b'\\', other]),
                    None => out.push(b'\\'),
                },
                (byte, false) => out.push(byte),
            }
        }
        Cow::Owned(String::from_utf8_lossy(&out).into_owned())
    }
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bad(pub &'static str);

/// The name a line is about, and where what follows begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject<'a> {
    Sample {
        name: &'a [u8],
        at: usize,
    },
    Type(&'a [u8]),
    Unit(&'a [u8]),
    /// Nothing of interest: empty, a comment, a help text, the end.
    Nothing,
}

/// What a line is about.
fn subject(line: &[u8]) -> Result<Subject<'_>, Bad> {
    match line.first() {
        None => return Ok(Subject::Nothing),
        Some(b'#') => return Ok(comment(line.get(1..).unwrap_or_default())),
        Some(b'{') => return quoted_name(line),
        Some(_) => {}
    }
    let end = line.iter().position(|&byte| !is_name(byte)).unwrap_or(line.len());
    match line.get(end) {
        _ if end == 0 => Err(Bad("it begins with no name")),
        None => Err(Bad("it has no value")),
        Some(b'{' | b' ' | b'\t') if !line.first().is_some_and(u8::is_ascii_digit) => {
            Ok(Subject::Sample { name: line.get(..end).unwrap_or_default(), at: end })
        }
        Some(_) => Err(Bad("its name has a character that no name has")),
    }
}

fn comment(rest: &[u8]) -> Subject<'_> {
    let rest = rest.trim_ascii_start();
    if let Some(rest) = rest.strip_prefix(b"TYPE ") {
        return Subject::Type(rest);
    }
    match rest.strip_prefix(b"UNIT ") {
        Some(rest) => Subject::Unit(rest),
        None => Subject::Nothing,
    }
}

/// `{"a name with.dots",label="value"} 1`.
fn quoted_name(line: &[u8]) -> Result<Subject<'_>, Bad> {
    match pair(line.get(1..).unwrap_or_default())? {
        Some(((name, None), _)) => Ok(Subject::Sample { name, at: 0 }),
        _ => Err(Bad("it begins with no name")),
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// The next label of a list and what follows it; `None` at the end of the list, which is that of
/// the text or a brace. A text in quotes alone has no value: it is the sample's name.
type Pair<'a> = ((&'a [u8], Option<&'a [u8]>), &'a [u8]);

fn pair(list: &[u8]) -> Result<Option<Pair<'_>>, Bad> {
    let mut rest = list.trim_ascii_start();
    while let Some(after) = rest.strip_prefix(b",") {
        rest = after.trim_ascii_start();
    }
    let name = match rest.first() {
        None | Some(b'}') => return Ok(None),
        Some(b'"') => {
            let (name, after) = quoted(rest)?;
            rest = after.trim_ascii_start();
            if rest.first() != Some(&b'=') {
                return Ok(Some(((name, None), rest)));
            }
            name
        }
        Some(_) => {
            let end = rest.iter().position(|&byte| !is_name(byte)).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            if name.is_empty() {
                return Err(Bad("a label has no name"));
            }
            rest = after.trim_ascii_start();
            name
        }
    };
    let Some(after) = rest.strip_prefix(b"=") else { return Err(Bad("a label has no value")) };
    let (value, after) = quoted(after.trim_ascii_start())?;
    match after.trim_ascii_start().first() {
        None | Some(b',' | b'}') => Ok(Some(((name, Some(value)), after))),
        Some(_) => Err(Bad("its labels are not separated by commas")),
    }
}

/// What stands between the quotes, and what follows them.
fn quoted(text: &[u8]) -> Result<(&[u8], &[u8]), Bad> {
    let Some(inside) = text.strip_prefix(b"\"") else { return Err(Bad("a label's value has no quotes")) };
    let mut from = 0;
    while let Some(found) = memchr2(b'"', b'\\', inside.get(from..).unwrap_or_default()) {
        let at = from + found;
        if inside.get(at) == Some(&b'"') {
            let (value, after) = inside.split_at_checked(at).unwrap_or((inside, &[]));
            return Ok((value, after.get(1..).unwrap_or_default()));
        }
        from = at + 2;
    }
    Err(Bad("a label's value does not end"))
}

/// The labels of a sample, and what follows them.
fn labels(rest: &[u8]) -> Result<(Labels<'_>, &[u8]), Bad> {
    let Some(list) = rest.strip_prefix(b"{") else { return Ok((Labels(&[]), rest)) };
    let mut left = list;
    while let Some((_, after)) = pair(left)? {
        left = after;
    }
    // Where the list ended, but for commas and spaces before the brace.
    let end = memchr(b'}', left).ok_or(Bad("its labels do not end"))?;
    let used = list.len() - left.len();
    let after = left.get(end + 1..).unwrap_or_default();
    Ok((Labels(list.get(..used).unwrap_or_default()), after))
}

/// What follows name and labels: a value, perhaps a time, perhaps an exemplar.
fn value(rest: &[u8]) -> Result<f64, Bad> {
    let rest = rest.trim_ascii();
    let end = memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
    let value = number(word).ok_or(Bad(if word.is_empty() {
        "it has no value"
    } else {
        "its value is no number"
    }))?;
    let after = after.trim_ascii_start();
    if after.is_empty() || after.starts_with(b"#") {
        return Ok(value);
    }
    let end = memchr2(b' ', b'\t', after).unwrap_or(after.len());
    let (time, after) = after.split_at_checked(end).unwrap_or((after, &[]));
    if number(time).is_none() {
        return Err(Bad("its time is no number"));
    }
    let after = after.trim_ascii_start();
    if after.is_empty() || after.starts_with(b"#") {
        Ok(value)
    } else {
        Err(Bad("something follows its time"))
    }
}

/// `12`, `1.5e-3`, `NaN`, `+Inf`.
fn number(word: &[u8]) -> Option<f64> {
    // Most are whole and short.
    if !word.is_empty() && word.len() < 16 && word.iter().all(u8::is_ascii_digit) {
        return Some(word.iter().fold(0_u64, |n, &digit| n * 10 + u64::from(digit - b'0')) as f64);
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// What a whole text came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Samples that were wanted and read.
    pub samples: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// The first of those: its number, from 1, and what is wrong with it.
    pub first_bad: Option<(u64, Bad)>,
}

/// Who takes what a text says.
pub trait Visit {
    /// Whether what this name is of is to be read; of a line that is not nothing more is looked at.
    fn wants(&mut self, name: &str) -> bool;
    /// What a line says.
    fn line(&mut self, line: Line<'_>);
}

impl<F: FnMut(Line<'_>)> Visit for F {
    fn wants(&mut self, _: &str) -> bool {
        true
    }

    fn line(&mut self, line: Line<'_>) {
        self(line);
    }
}

/// Reads a text piece by piece, as it comes. Keeps the unfinished line, at most [`MAX_LINE`] of it.
#[derive(Debug, Default)]
pub struct Reader {
    carry: Vec<u8>,
    /// The unfinished line is too long already.
    too_long: bool,
    lines: u64,
    tally: Tally,
}

impl Reader {
    /// The next piece.
    pub fn feed(&mut self, piece: &[u8], to: &mut impl Visit) {
        let mut start = 0;
        for end in memchr_iter(b'\n', piece) {
            let line = piece.get(start..end).unwrap_or_default();
            start = end + 1;
            if self.carry.is_empty() && !self.too_long {
                self.line(line, to);
            } else {
                self.keep(line);
                self.finish(to);
            }
        }
        self.keep(piece.get(start..).unwrap_or_default());
    }

    /// The end: what it came to. `whole`: nothing was cut off, so the last line is one.
    pub fn end(mut self, whole: bool, to: &mut impl Visit) -> Tally {
        if whole && (!self.carry.is_empty() || self.too_long) {
            self.finish(to);
        }
        self.tally
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.carry.len() + piece.len() > MAX_LINE {
            self.too_long = true;
            self.carry = Vec::new();
        }
        if !self.too_long {
            self.carry.extend_from_slice(piece);
        }
    }

    fn finish(&mut self, to: &mut impl Visit) {
        if std::mem::take(&mut self.too_long) {
            self.lines += 1;
            self.bad(Bad("it is longer than 64 KiB"));
            return;
        }
        let mut line = std::mem::take(&mut self.carry);
        self.line(&line, to);
        line.clear();
        self.carry = line;
    }

    fn bad(&mut self, what: Bad) {
        self.tally.bad += 1;
        self.tally.first_bad.get_or_insert((self.lines, what));
    }

    fn line(&mut self, line: &[u8], to: &mut impl Visit) {
        self.lines += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let read = if line.len() > MAX_LINE { Err(Bad("it is longer than 64 KiB")) } else { one(line, to) };
        match read {
            Ok(is_sample) => self.tally.samples += u64::from(is_sample),
            Err(what) => self.bad(what),
        }
    }
}

/// A comment that does not say what it should is a comment.
fn two_words(rest: &[u8]) -> Option<(&str, &str)> {
    let mut words = std::str::from_utf8(rest).ok()?.split_ascii_whitespace();
    Some((words.next()?.trim_matches('"'), words.next()?))
}

/// One line; whether it is a sample that was wanted.
fn one(line: &[u8], to: &mut impl Visit) -> Result<bool, Bad> {
    let line = line.trim_ascii_start();
    match subject(line)? {
        Subject::Nothing => Ok(false),
        Subject::Type(rest) => {
            if let Some((family, kind)) = two_words(rest) {
                to.line(Line::Type { family, kind });
            }
            Ok(false)
        }
        Subject::Unit(rest) => {
            if let Some((family, unit)) = two_words(rest) {
                to.line(Line::Unit { family, unit });
            }
            Ok(false)
        }
        Subject::Sample { name, at } => {
            let name = std::str::from_utf8(name).map_err(|_| Bad("its name is no UTF-8"))?;
            if !to.wants(name) {
                return Ok(false);
            }
            let (labels, rest) = labels(line.get(at..).unwrap_or_default().trim_ascii_start())?;
            let value = value(rest)?;
            to.line(Line::Sample(Sample { name, labels, value }));
            Ok(true)
        }
    }
}

/// Read a whole text. A line that can't be read is counted and left out.
pub fn parse(text: &[u8], to: &mut impl Visit) -> Tally {
    let mut reader = Reader::default();
    reader.feed(text, to);
    reader.end(true, to)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
