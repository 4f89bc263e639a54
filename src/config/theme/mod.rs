//! Themes: what a thing *is* (its [`Role`]) → how it looks.
//!
//! Owns: roles, colours and how they are brought down to what a terminal shows, glyphs, what a
//! theme file may say. Must not: know where a role is used.

mod colour;
mod depth;
mod file;
mod glyphs;
mod role;
mod style;
#[cfg(test)]
mod tests;

pub use colour::{contrast, known_rgb};
pub use depth::{Depth, Env};
pub(super) use file::{Layer, resolve};
pub use glyphs::Glyphs;
pub use role::{ROLES, Role};

use ratatui::style::{Color, Modifier, Style};

use crate::text::SpanColor;

/// A resolved theme: a style for every role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub doc: String,
    pub(super) styles: [Style; ROLES],
    /// What its terminal shows, as of [`Self::at`].
    pub(super) depth: Depth,
}

impl Theme {
    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// A colour that an outside text asked for (a log line's SGR), as this theme's terminal shows
    /// it; `None` where terminal or theme have no colours at all.
    pub fn outside(&self, colour: SpanColor) -> Option<Color> {
        if self.styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()) {
            return None;
        }
        let colour = match colour {
            SpanColor::Indexed(index) => Color::Indexed(index),
            SpanColor::Rgb(r, g, b) => Color::Rgb(r, g, b),
        };
        match self.depth {
            Depth::None => None,
            // The terminal's own sixteen stay its own; the others are brought down to them.
            Depth::Ansi16 if matches!(colour, Color::Indexed(0..16)) => Some(colour),
            depth => Some(colour::downgrade(colour, depth)),
        }
    }

    /// The same theme with the colours a terminal of that depth shows.
    ///
    /// At [`Depth::None`] the colours go and the attributes stay; a theme that tells things apart
    /// by colour only is unreadable then, so callers give it the `mono` theme instead.
    #[must_use]
    pub fn at(mut self, depth: Depth) -> Self {
        self.depth = depth;
        if depth == Depth::True {
            return self;
        }
        let [text, ..] = self.styles;
        let states = [(Role::Ok, Color::Green), (Role::Warn, Color::Yellow), (Role::Bad, Color::Red)];
        let reduced = states.map(|(role, _)| self.style(role).fg.map(|c| colour::downgrade(c, depth)));
        let [ok, warn, bad] = reduced;
        // Some palettes' greens are nearest to yellow: then the states get the colours everyone
        // knows, because they must differ whatever else is lost.
        if depth == Depth::Ansi16 && (ok == warn || warn == bad || ok == bad) {
            for (role, plain) in states {
                let style = &mut self.styles[role as usize];
                style.fg = style.fg.map(|_| plain);
            }
        }
        for (role, style) in Role::all().zip(&mut self.styles) {
            let before = *style;
            for slot in [&mut style.fg, &mut style.bg] {
                *slot = slot.map(|c| colour::downgrade(c, depth)).filter(|_| depth != Depth::None);
            }
            if depth == Depth::Ansi16 {
                keep_apart(role, style, before, text);
            }
        }
        self
    }
}

/// What 16 colours make equal, but must not be: a selection of the colour of the background is
/// shown reversed, text of the colour of its own background in black or white.
fn keep_apart(role: Role, style: &mut Style, before: Style, text: Style) {
    let ground = text.bg.map(|c| colour::downgrade(c, Depth::Ansi16));
    if role == Role::Selected && style.bg.is_some() && style.bg == ground && before.bg != text.bg {
        style.bg = None;
        style.add_modifier |= Modifier::REVERSED;
    }
    let behind = style.bg.or(ground);
    if let (Some(fg), Some(bg)) = (style.fg, behind)
        && contrast(fg, bg).is_some_and(|c| c < 2.0)
    {
        let against = |c| contrast(c, bg).unwrap_or(0.0);
        style.fg =
            Some(if against(Color::Black) > against(Color::White) { Color::Black } else { Color::White });
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            name: "plain".into(),
            doc: "no style at all".into(),
            styles: [Style::new(); ROLES],
            depth: Depth::None,
        }
    }
}
