//! Colours: as theme files spell them, and brought down to what a terminal shows.

use ratatui::style::Color;

use super::depth::Depth;

/// The names of the terminal's own colours, usable in every theme file.
pub(super) const NAMES: &[(&str, Color)] = &[
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("grey", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("dark-grey", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
];

/// The 16 by number, and what xterm paints for them: a fair guess at every terminal's palette.
const ANSI: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0x00, 0x00, 0x00]),
    (Color::Red, [0xcd, 0x00, 0x00]),
    (Color::Green, [0x00, 0xcd, 0x00]),
    (Color::Yellow, [0xcd, 0xcd, 0x00]),
    (Color::Blue, [0x00, 0x00, 0xee]),
    (Color::Magenta, [0xcd, 0x00, 0xcd]),
    (Color::Cyan, [0x00, 0xcd, 0xcd]),
    (Color::Gray, [0xe5, 0xe5, 0xe5]),
    (Color::DarkGray, [0x7f, 0x7f, 0x7f]),
    (Color::LightRed, [0xff, 0x00, 0x00]),
    (Color::LightGreen, [0x00, 0xff, 0x00]),
    (Color::LightYellow, [0xff, 0xff, 0x00]),
    (Color::LightBlue, [0x5c, 0x5c, 0xff]),
    (Color::LightMagenta, [0xff, 0x00, 0xff]),
    (Color::LightCyan, [0x00, 0xff, 0xff]),
    (Color::White, [0xff, 0xff, 0xff]),
];

/// A colour that means the same in every theme: `#rrggbb`, `#rgb`, a name, or 0–255.
pub(super) fn literal(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        return rgb(hex);
    }
    if let Some(&(_, colour)) = NAMES.iter().find(|(n, _)| *n == text) {
        return Some(colour);
    }
    let index: u8 = text.parse().ok()?;
    Some(ANSI.get(usize::from(index)).map_or(Color::Indexed(index), |&(c, _)| c))
}

fn rgb(hex: &str) -> Option<Color> {
    // from_str_radix would accept a sign.
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let n = u32::from_str_radix(hex, 16).ok()?;
    match hex.len() {
        6 => Some(Color::from_u32(n)),
        3 => {
            let [r, g, b] = [n >> 8, (n >> 4) & 0xf, n & 0xf].map(|d| (d * 0x11) as u8);
            Some(Color::Rgb(r, g, b))
        }
        _ => None,
    }
}

/// What a colour looks like, as far as it can be known: `None` for the terminal's own default.
/// The 16 are what xterm paints for them.
pub fn known_rgb(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(i) if i >= 16 => Some(indexed_rgb(i)),
        Color::Indexed(i) => Some(ANSI[usize::from(i)].1),
        named => ANSI.iter().find(|(c, _)| *c == named).map(|&(_, rgb)| rgb),
    }
}

/// The nearest colour a terminal of that depth shows. At [`Depth::None`] that is none: the
/// caller drops colours there.
pub(super) fn downgrade(colour: Color, depth: Depth) -> Color {
    match (depth, colour) {
        (Depth::Indexed256, Color::Rgb(r, g, b)) => nearest_256([r, g, b]),
        (Depth::Ansi16, Color::Rgb(..) | Color::Indexed(_)) => known_rgb(colour).map_or(colour, nearest_16),
        (Depth::None, _) => Color::Reset,
        _ => colour,
    }
}

/// The steps of xterm's 6×6×6 cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn indexed_rgb(index: u8) -> [u8; 3] {
    if index >= 232 {
        return [8 + (index - 232) * 10; 3];
    }
    let i = usize::from(index - 16);
    [CUBE[i / 36], CUBE[i / 6 % 6], CUBE[i % 6]]
}

/// Among the 8 corners of the cell of the cube the colour lies in and the two greys around its
/// lightness: not the whole table, so that a theme of 80 colours costs microseconds. Never one
/// of the first 16, which the user's palette repaints.
fn nearest_256(rgb: [u8; 3]) -> Color {
    let below = rgb.map(|v| CUBE.iter().rposition(|&c| c <= v).unwrap_or(0));
    let grey = usize::from(((u16::from(rgb[0]) + u16::from(rgb[1]) + u16::from(rgb[2])) / 3) as u8);
    let step = (grey.saturating_sub(8) / 10).min(23);
    let corners = (0..8usize).map(|bits| {
        let [r, g, b] = [0, 1, 2].map(|i| (below[i] + (bits >> i & 1)).min(5));
        16 + 36 * r + 6 * g + b
    });
    let wanted = oklab(rgb);
    corners
        .chain([232 + step, 232 + (step + 1).min(23)])
        .map(|i| i as u8)
        .min_by(|a, b| {
            let d = |i: &u8| distance(wanted, oklab(indexed_rgb(*i)), 1.0);
            d(a).total_cmp(&d(b))
        })
        .map_or(Color::Reset, Color::Indexed)
}

/// Among 16, hue matters more than lightness: a pastel red has to stay a red, not become white, a
/// dark green not become grey. Greys go by lightness, dark backgrounds to black.
fn nearest_16(rgb: [u8; 3]) -> Color {
    let wanted = oklab(rgb);
    if wanted[1].hypot(wanted[2]) < 0.07 {
        return match wanted[0] {
            l if l < 0.45 => Color::Black,
            l if l < 0.75 => Color::DarkGray,
            l if l < 0.93 => Color::Gray,
            _ => Color::White,
        };
    }
    ANSI.iter()
        .filter(|(_, [r, g, b])| r != g || g != b)
        .min_by(|a, b| {
            let d = |rgb| distance(wanted, oklab(rgb), 0.5);
            d(a.1).total_cmp(&d(b.1))
        })
        .map_or(Color::Reset, |&(colour, _)| colour)
}

/// Squared distance in Oklab, lightness weighted.
pub(super) fn distance(a: [f32; 3], b: [f32; 3], lightness: f32) -> f32 {
    ((a[0] - b[0]) * lightness).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

/// sRGB as light, 0–1 a channel.
pub(super) fn linear(rgb: [u8; 3]) -> [f32; 3] {
    rgb.map(|v| {
        let v = f32::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
}

/// Lightness, green–red, blue–yellow, so that distance is about what the eye sees (Björn
/// Ottosson's Oklab, 2020).
pub(super) fn oklab(rgb: [u8; 3]) -> [f32; 3] {
    oklab_of_linear(linear(rgb))
}

pub(super) fn oklab_of_linear([red, green, blue]: [f32; 3]) -> [f32; 3] {
    let l = (0.412_221_46 * red + 0.536_332_55 * green + 0.051_445_995 * blue).cbrt();
    let m = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue).cbrt();
    let s = (0.088_302_46 * red + 0.281_718_85 * green + 0.629_978_7 * blue).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// Contrast of two colours, 1–21, as WCAG defines it; `None` where one is the terminal's own.
pub fn contrast(a: Color, b: Color) -> Option<f32> {
    let luminance = |c| {
        let [r, g, b] = linear(known_rgb(c)?);
        Some(0.2126 * r + 0.7152 * g + 0.0722 * b)
    };
    let (a, b): (f32, f32) = (luminance(a)?, luminance(b)?);
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_are_read_as_written() {
        for (text, colour) in [
            ("#ff8000", Some(Color::Rgb(255, 128, 0))),
            ("#F80", Some(Color::Rgb(255, 136, 0))),
            ("red", Some(Color::Red)),
            ("1", Some(Color::Red)),
            ("208", Some(Color::Indexed(208))),
            ("default", Some(Color::Reset)),
            ("256", None),
            ("#ff80", None),
            ("#+f8000", None),
            ("#ééé", None),
            ("", None),
            ("reddish", None),
        ] {
            assert_eq!(literal(text), colour, "{text}");
        }
    }

    #[test]
    fn exact_colours_stay_exact_and_hues_survive() {
        assert_eq!(downgrade(Color::Rgb(255, 135, 0), Depth::Indexed256), Color::Indexed(208));
        assert_eq!(downgrade(Color::Rgb(8, 8, 8), Depth::Indexed256), Color::Indexed(232));
        assert_eq!(downgrade(Color::Rgb(255, 255, 255), Depth::Indexed256), Color::Indexed(231));
        assert_eq!(downgrade(Color::Rgb(255, 107, 107), Depth::Ansi16), Color::LightRed);
        assert_eq!(downgrade(Color::Rgb(16, 21, 28), Depth::Ansi16), Color::Black);
        assert_eq!(downgrade(Color::Indexed(231), Depth::Ansi16), Color::White);
        assert_eq!(downgrade(Color::Red, Depth::Ansi16), Color::Red);
        assert_eq!(downgrade(Color::Red, Depth::Indexed256), Color::Red);
        assert_eq!(downgrade(Color::Rgb(1, 2, 3), Depth::True), Color::Rgb(1, 2, 3));
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!(
            (contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)).unwrap_or(0.0) - 21.0).abs() < 0.01
        );
        assert!((contrast(Color::Rgb(119, 119, 119), Color::White).unwrap_or(0.0) - 4.48).abs() < 0.01);
        assert_eq!(contrast(Color::Reset, Color::White), None);
    }

    proptest! {
        #[test]
        fn the_shortcut_through_the_cube_finds_a_near_colour(r: u8, g: u8, b: u8) {
            let wanted = oklab([r, g, b]);
            let Color::Indexed(found) = downgrade(Color::Rgb(r, g, b), Depth::Indexed256) else {
                return Err(TestCaseError::fail("not an index"));
            };
            prop_assert!(found >= 16);
            let best = (16..=255u8).map(|i| distance(wanted, oklab(indexed_rgb(i)), 1.0)).fold(f32::MAX, f32::min);
            let ours = distance(wanted, oklab(indexed_rgb(found)), 1.0);
            // Within a just noticeable step of the best of all 240.
            prop_assert!(ours.sqrt() <= best.sqrt() + 0.05, "{} against {}", ours.sqrt(), best.sqrt());
        }
    }
}
