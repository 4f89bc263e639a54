//! Command lines.

use super::free::text;
use super::{MASK, is_path, is_secret_name, is_secret_value};

/// Programs that take a password as `-pPASSWORD`.
const DASH_P: [&str; 8] = [
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mysqlimport",
    "mariadb",
    "mariadb-dump",
    "mariadb-admin",
    "sshpass",
];

/// The words of a command line with the secrets in them masked: `--password x`, `--password=x`,
/// `KEY=secret`, `mysql -px`, `curl -u user:x`, `redis-cli -a x`, auth headers, credentials in URLs; also within a script
/// (`sh -c "…"`).
pub fn args(words: &[String]) -> Vec<String> {
    let mut reader = Reader::default();
    words.iter().map(|word| reader.word(word)).collect()
}

/// What the words so far mean for the next one.
#[derive(Default)]
struct Reader {
    /// The program whose arguments these are, as far as it is known.
    program: String,
    /// What the next word is.
    next: Next,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Program,
    Anything,
    /// The value of a secret flag, if it is no flag itself.
    Secret,
    /// `user:password`.
    User,
}

impl Reader {
    fn word(&mut self, word: &str) -> String {
        // A script, or a header: words within a word.
        if word.contains(char::is_whitespace) && self.next != Next::Secret {
            return self.script(word);
        }
        let bare = word.trim_matches(['"', '\'']);
        match std::mem::replace(&mut self.next, Next::Anything) {
            Next::Secret if !bare.starts_with('-') => {
                return if is_path(bare) || word.is_empty() { word.into() } else { MASK.into() };
            }
            Next::User if !bare.starts_with('-') => {
                return bare
                    .split_once(':')
                    .map_or_else(|| word.into(), |(user, _)| format!("{user}:{MASK}"));
            }
            Next::Program if !bare.contains('=') => {
                bare.rsplit('/').next().unwrap_or(bare).clone_into(&mut self.program);
                return text(word);
            }
            // Assignments before a command: `KEY=x cmd`.
            Next::Program => self.next = Next::Program,
            _ => {}
        }
        if bare.starts_with('-') {
            return self.flag(word, bare);
        }
        if matches!(bare, "|" | "||" | "&&" | ";" | "exec" | "sudo" | "env" | "--") || bare.ends_with(';') {
            self.next = Next::Program;
        } else if DASH_P.contains(&bare.rsplit('/').next().unwrap_or(bare)) {
            bare.clone_into(&mut self.program);
        }
        if let Some((name, value)) = bare.split_once('=')
            && is_secret_name(name)
            && !value.is_empty()
            && !is_path(value)
            && !name.contains("://")
        {
            return format!("{name}={MASK}");
        }
        if is_secret_value(bare) { MASK.into() } else { text(word) }
    }

    fn flag(&mut self, word: &str, bare: &str) -> String {
        let program = self.program.rsplit('/').next().unwrap_or("");
        if let Some((name, value)) = bare.split_once('=') {
            return if is_secret_name(name) && !value.is_empty() && !is_path(value.trim_matches(['"', '\''])) {
                format!("{name}={MASK}")
            } else {
                text(word)
            };
        }
        if DASH_P.contains(&program)
            && let Some(rest) = bare.strip_prefix("-p")
            && !bare.starts_with("--")
        {
            if rest.is_empty() {
                // `sshpass -p x`; the others then ask.
                self.next = if program == "sshpass" { Next::Secret } else { Next::Anything };
                return word.into();
            }
            return format!("-p{MASK}");
        }
        match (program, bare) {
            ("redis-cli", "-a") => self.next = Next::Secret,
            ("curl" | "wget", "-u" | "--user") => self.next = Next::User,
            _ if is_secret_name(bare) => self.next = Next::Secret,
            _ => {}
        }
        text(word)
    }

    /// Several words in one, blanks and quotes kept.
    fn script(&mut self, script: &str) -> String {
        let whole = text(script);
        let mut inner = Self::default();
        let mut out = String::with_capacity(whole.len());
        let mut rest = whole.as_str();
        while !rest.is_empty() {
            let blanks = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
            out.push_str(rest.get(..blanks).unwrap_or(""));
            rest = rest.get(blanks..).unwrap_or("");
            let end = word_end(rest);
            let word = rest.get(..end).unwrap_or("");
            if word.contains(char::is_whitespace) && inner.next != Next::Secret {
                // A quoted text: its quotes stay, its inside is read like a script.
                let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
                match quote.and_then(|q| word.strip_prefix(q)?.strip_suffix(q).map(|inside| (q, inside))) {
                    Some((quote, inside)) => {
                        out.push(quote);
                        out.push_str(&inner.script(inside));
                        out.push(quote);
                    }
                    None => match word.split_once('=') {
                        Some((name, _)) if is_secret_name(name) => {
                            out.push_str(name);
                            out.push('=');
                            out.push_str(MASK);
                        }
                        _ => out.push_str(word),
                    },
                }
                inner.next = Next::Anything;
            } else if !word.is_empty() {
                out.push_str(&inner.word(word));
            }
            rest = rest.get(end..).unwrap_or("");
        }
        self.next = Next::Anything;
        out
    }
}

/// Where the first word of a script ends: at a blank outside quotes.
fn word_end(script: &str) -> usize {
    let mut quote = None;
    for (at, c) in script.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, c) if c.is_whitespace() => return at,
            _ => {}
        }
    }
    script.len()
}
