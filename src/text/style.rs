//! Styles an outside text asked for itself (SGR), as data: no terminal, no theme.

/// A style asked for by SGR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SpanStyle {
    /// Foreground; `None` = the terminal's own.
    pub fg: Option<SpanColor>,
    /// Background.
    pub bg: Option<SpanColor>,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Reversed.
    pub reverse: bool,
}

impl SpanStyle {
    /// Whether it asks for nothing.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// A colour asked for by SGR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanColor {
    /// One of the 256; 0–15 are the terminal's own palette.
    Indexed(u8),
    /// True colour.
    Rgb(u8, u8, u8),
}

/// A run of a text in one style; what no span covers is plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte in the text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Its style.
    pub style: SpanStyle,
}

/// Applies the parameters of one `CSI … m`. Each item is one parameter with its sub-parameters
/// (`38:2::1:2:3` is one item, `38;2;1;2;3` is five).
///
/// Conceal and blink are ignored on purpose: a log must not hide text.
pub(super) fn apply<'p>(style: &mut SpanStyle, params: impl Iterator<Item = &'p [u16]>) {
    let mut params = params;
    while let Some(param) = params.next() {
        let Some(&code) = param.first() else { continue };
        match code {
            0 => *style = SpanStyle::default(),
            1 => style.bold = true,
            2 => style.dim = true,
            3 => style.italic = true,
            // `4:0` is "no underline"; every other kind of line is an underline here.
            4 => style.underline = param.get(1) != Some(&0),
            7 => style.reverse = true,
            21 => style.underline = true,
            22 => (style.bold, style.dim) = (false, false),
            23 => style.italic = false,
            24 => style.underline = false,
            27 => style.reverse = false,
            30..=37 => style.fg = Some(SpanColor::Indexed((code - 30) as u8)),
            38 => style.fg = color(param, &mut params).or(style.fg),
            39 => style.fg = None,
            40..=47 => style.bg = Some(SpanColor::Indexed((code - 40) as u8)),
            48 => style.bg = color(param, &mut params).or(style.bg),
            49 => style.bg = None,
            // The underline's own colour: read, so that its figures are not taken for codes.
            58 => drop(color(param, &mut params)),
            90..=97 => style.fg = Some(SpanColor::Indexed((code - 90 + 8) as u8)),
            100..=107 => style.bg = Some(SpanColor::Indexed((code - 100 + 8) as u8)),
            _ => {}
        }
    }
}

/// The colour after 38, 48 or 58, in the `:` form (all within `param`) or the `;` form (in the
/// parameters that follow).
fn color<'p>(param: &[u16], rest: &mut impl Iterator<Item = &'p [u16]>) -> Option<SpanColor> {
    let byte = |n: u16| u8::try_from(n).ok();
    if let [_, sub @ ..] = param
        && !sub.is_empty()
    {
        return match *sub {
            [5, n, ..] => Some(SpanColor::Indexed(byte(n)?)),
            // With or without the colour space.
            [2, r, g, b] | [2, _, r, g, b, ..] => Some(SpanColor::Rgb(byte(r)?, byte(g)?, byte(b)?)),
            _ => None,
        };
    }
    let mut next = || rest.next().and_then(|p| p.first().copied());
    match next()? {
        5 => Some(SpanColor::Indexed(byte(next()?)?)),
        2 => {
            let (r, g, b) = (next()?, next()?, next()?);
            Some(SpanColor::Rgb(byte(r)?, byte(g)?, byte(b)?))
        }
        _ => None,
    }
}
