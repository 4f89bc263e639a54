//! Chords: one key with its modifiers, as text and back.
//!
//! The words are those a user would write: `g g`, `G`, `ctrl-d`, `alt-x`, `shift-tab`, `space`,
//! `f1`, `?`. What a terminal can't send apart (`ctrl-i` is `tab`) is refused, not silently dead.

use std::fmt::{self, Write as _};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::config::problem::{did_you_mean, quote};

/// One key with its modifiers, normalised: a shifted letter is the upper-case letter without the
/// shift modifier (`G`, not `shift-g`); a letter with control is lower case, because terminals
/// send both alike; `shift-tab` is back-tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    /// The key.
    pub code: KeyCode,
    /// Control, alt, and shift where it is not already in the key.
    pub modifiers: KeyModifiers,
}

/// Why a text is no chord; each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChordError {
    /// No key at all.
    #[error("no key is named")]
    Empty,
    /// No such key.
    #[error("{} is no key{suggestion}", quote(.name))]
    Unknown {
        /// What was written.
        name: String,
        /// " (did you mean …?)" or nothing.
        suggestion: String,
    },
    /// Shift with a character: which one comes out is the keyboard layout's business.
    #[error("`shift-{0}` depends on the keyboard layout")]
    Shifted(char),
    /// The terminal sends something else for it.
    #[error("terminals send `{sent}` for {}", quote(.written))]
    Unsendable {
        /// What was written.
        written: String,
        /// What arrives.
        sent: &'static str,
    },
}

impl ChordError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Empty => "name a key, like `x`, `ctrl-x` or `g g`".into(),
            Self::Unknown { .. } => {
                "write a character, or space, enter, esc, tab, backspace, delete, insert, up, down, left, \
                 right, home, end, pageup, pagedown, f1–f24, after ctrl-, alt- or shift-"
                    .into()
            }
            Self::Shifted(_) => "write the character that comes out, like `G` or `?`".into(),
            Self::Unsendable { sent, .. } => format!("bind `{sent}`, or another key"),
        }
    }
}

/// Named keys; where two names are given for one key, the first is the one we print.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("del", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pgup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("pgdn", KeyCode::PageDown),
];

const MODIFIERS: &[(&str, KeyModifiers)] =
    &[("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)];

/// Control with these arrives as another key; so has been the wire since teletypes.
const UNSENDABLE: &[(char, &str)] = &[('i', "tab"), ('m', "enter"), ('[', "esc")];

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        normal(key.code, key.modifiers)
    }
}

/// One spelling for what is one key.
fn normal(code: KeyCode, modifiers: KeyModifiers) -> Chord {
    let mut modifiers = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
    let code = match code {
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => KeyCode::Char(match c {
            // Without the newer keyboard protocol, these four bytes are named after digits.
            '4' => '\\',
            '5' => ']',
            '6' => '^',
            '7' => '_',
            c => c.to_ascii_lowercase(),
        }),
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::Char(c.to_ascii_uppercase()),
        KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        other => other,
    };
    if matches!(code, KeyCode::Char(_) | KeyCode::BackTab) {
        modifiers -= KeyModifiers::SHIFT;
    }
    Chord { code, modifiers }
}

impl Chord {
    /// Reads one chord, such as `ctrl-d`.
    pub fn parse(text: &str) -> Result<Self, ChordError> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        // `-` itself is a key, so a prefix only counts while something follows it.
        'prefixes: loop {
            for &(prefix, modifier) in MODIFIERS {
                match rest.get(..prefix.len()) {
                    Some(head) if rest.len() > prefix.len() && head.eq_ignore_ascii_case(prefix) => {
                        modifiers |= modifier;
                        rest = &rest[prefix.len()..];
                        continue 'prefixes;
                    }
                    _ => {}
                }
            }
            break;
        }
        let code = key(rest).ok_or_else(|| unknown(text, rest))?;
        if let KeyCode::Char(c) = code {
            if modifiers.contains(KeyModifiers::SHIFT) && !c.is_ascii_alphabetic() {
                return Err(ChordError::Shifted(c));
            }
            if modifiers == KeyModifiers::CONTROL
                && let Some(&(_, sent)) = UNSENDABLE.iter().find(|(u, _)| *u == c.to_ascii_lowercase())
            {
                return Err(ChordError::Unsendable { written: text.into(), sent });
            }
        }
        Ok(normal(code, modifiers))
    }

    /// Reads a sequence of chords separated by spaces, such as `g g`.
    pub fn parse_sequence(text: &str) -> Result<Vec<Self>, ChordError> {
        let chords = text.split_whitespace().map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        if chords.is_empty() { Err(ChordError::Empty) } else { Ok(chords) }
    }

    /// A sequence as text: the inverse of [`Chord::parse_sequence`].
    pub fn show_sequence(chords: &[Self]) -> String {
        let mut out = String::new();
        for chord in chords {
            let gap = if out.is_empty() { "" } else { " " };
            // Writing to a String can't fail.
            let _ = write!(out, "{gap}{chord}");
        }
        out
    }
}

/// The key of that name.
fn key(name: &str) -> Option<KeyCode> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control() && !c.is_whitespace()).then_some(KeyCode::Char(c));
    }
    let lower = name.to_ascii_lowercase();
    if let Some(&(_, code)) = NAMED.iter().find(|(n, _)| *n == lower) {
        return Some(code);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=24).contains(&number).then_some(KeyCode::F(number))
}

/// Says what was probably meant: another program's spelling, or a slip.
fn unknown(text: &str, rest: &str) -> ChordError {
    let respelt = [("C-", "ctrl-"), ("c-", "ctrl-"), ("M-", "alt-"), ("m-", "alt-"), ("S-", "shift-")]
        .iter()
        .find_map(|(theirs, ours)| text.strip_prefix(theirs).map(|k| format!("{ours}{k}")))
        .or_else(|| text.contains('+').then(|| text.replace('+', "-").to_ascii_lowercase()))
        .filter(|t| Chord::parse(t).is_ok());
    let suggestion = match respelt {
        Some(t) => format!(" (did you mean `{t}`?)"),
        None => did_you_mean(rest, NAMED.iter().map(|(n, _)| *n)),
    };
    ChordError::Unknown { name: text.into(), suggestion }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &(prefix, modifier) in MODIFIERS {
            if self.modifiers.contains(modifier) {
                f.write_str(prefix)?;
            }
        }
        match self.code {
            KeyCode::BackTab => f.write_str("shift-tab"),
            KeyCode::F(n) => write!(f, "f{n}"),
            code => match (NAMED.iter().find(|(_, c)| *c == code), code) {
                (Some((name, _)), _) => f.write_str(name),
                (None, KeyCode::Char(c)) => f.write_char(c),
                // Media keys and the like: never parsed, only seen when a strange terminal sends one.
                (None, other) => write!(f, "{other}"),
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(code: KeyCode, modifiers: KeyModifiers) -> Chord {
        KeyEvent::new(code, modifiers).into()
    }

    #[test]
    fn what_is_written_is_what_the_terminal_sends() {
        use KeyCode::{BackTab, Char, Enter, F, Tab, Up};
        let (none, ctrl, alt, shift) =
            (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT, KeyModifiers::SHIFT);
        for (text, code, modifiers) in [
            ("g", Char('g'), none),
            ("G", Char('G'), shift),
            ("G", Char('g'), shift),
            ("shift-g", Char('G'), shift),
            ("?", Char('?'), shift),
            ("-", Char('-'), none),
            ("ctrl--", Char('-'), ctrl),
            ("ctrl-d", Char('d'), ctrl),
            ("ctrl-d", Char('D'), ctrl | shift),
            ("Ctrl-D", Char('d'), ctrl),
            ("ctrl-\\", Char('4'), ctrl),
            ("ctrl-space", Char(' '), ctrl),
            ("alt-x", Char('x'), alt),
            ("alt-X", Char('X'), alt | shift),
            ("ctrl-alt-up", Up, ctrl | alt),
            ("shift-up", Up, shift),
            ("shift-tab", BackTab, shift),
            ("shift-tab", BackTab, none),
            ("shift-tab", Tab, shift),
            ("space", Char(' '), none),
            ("enter", Enter, none),
            ("f12", F(12), none),
            ("é", Char('é'), none),
        ] {
            assert_eq!(Chord::parse(text), Ok(event(code, modifiers)), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_what_was_meant() {
        for (text, says) in [
            ("entr", "did you mean `enter`?"),
            ("C-x", "did you mean `ctrl-x`?"),
            ("M-v", "did you mean `alt-v`?"),
            ("Ctrl+d", "did you mean `ctrl-d`?"),
            ("f25", "`f25` is no key"),
            ("f0", "`f0` is no key"),
            ("shift-/", "keyboard layout"),
            ("ctrl-i", "send `tab`"),
            ("ctrl-M", "send `enter`"),
            ("ctrl-[", "send `esc`"),
            ("ctrl-", "is no key"),
            ("gg", "is no key"),
        ] {
            let error = Chord::parse(text).unwrap_err();
            assert!(error.to_string().contains(says), "{text}: {error}");
            assert!(!error.remedy().is_empty());
        }
        assert_eq!(Chord::parse_sequence("  "), Err(ChordError::Empty));
    }

    fn chords() -> impl Strategy<Value = Chord> {
        let code = prop_oneof![
            any::<char>()
                .prop_filter("printable", |c| !c.is_control() && (!c.is_whitespace() || *c == ' '))
                .prop_map(KeyCode::Char),
            (0..NAMED.len()).prop_map(|i| NAMED[i].1),
            (1u8..=24).prop_map(KeyCode::F),
        ];
        (code, 0u8..8)
            .prop_map(|(code, bits)| normal(code, KeyModifiers::from_bits_truncate(bits)))
            .prop_filter("can be sent", |c| {
                !(c.modifiers == KeyModifiers::CONTROL
                    && UNSENDABLE.iter().any(|(u, _)| c.code == KeyCode::Char(*u)))
            })
    }

    proptest! {
        #[test]
        fn showing_is_the_inverse_of_reading(sequence in proptest::collection::vec(chords(), 1..4)) {
            let shown = Chord::show_sequence(&sequence);
            prop_assert_eq!(Chord::parse_sequence(&shown), Ok(sequence), "{}", shown);
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC*") {
            let _ = Chord::parse_sequence(&text);
        }
    }
}
