//! Which characters may be shown as they are.

use unicode_width::UnicodeWidthChar;

/// What to do with a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Show it; it takes this many columns.
    Plain(u8),
    /// Belongs to the character before it: combining marks, variation selectors.
    Mark,
    /// The zero-width joiner: fine between two emoji, suspicious anywhere else.
    Joiner,
    /// Invisible, or changes the direction of what is around it: shown by its number.
    Hidden,
    /// A control character: never shown.
    Control,
}

/// Which kind `c` is.
pub(super) fn kind(c: char) -> Kind {
    match c {
        ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' => Kind::Plain(1),
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Kind::Control,
        '\u{200d}' => Kind::Joiner,
        // Soft hyphen, grapheme joiner, Arabic letter mark, Khmer inherent vowels, Mongolian
        // separator; zero-width space and non-joiner, direction marks; line and paragraph
        // separators, embeddings and overrides; word joiner, invisible operators, isolates;
        // byte order mark; interlinear annotation; musical format; tags.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e007f}' => Kind::Hidden,
        _ => match c.width() {
            Some(0) => Kind::Mark,
            Some(columns) => Kind::Plain(columns as u8),
            None => Kind::Control,
        },
    }
}

/// Whether a joiner may stand beside `c`: pictographs, skin tones, the emoji selector. A little
/// generous; it only decides whether a joiner is left alone.
pub(super) fn joins(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2190}'..='\u{21ff}' | '\u{2600}'..='\u{27bf}'
        | '\u{2b00}'..='\u{2bff}' | '\u{fe0f}')
}
