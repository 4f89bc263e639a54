//! A screen as a picture: every run of cells of one style is one text, every background one box.

use std::fmt::Write as _;

use quarterdeck::config::known_rgb;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// The size of a cell, in SVG units.
const CELL: (f32, f32) = (8.4, 16.4);
/// Around the screen.
const EDGE: f32 = 12.0;
const FONT: &str = "ui-monospace,'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace";

/// The whole buffer, as an SVG document.
pub fn picture(buf: &Buffer, title: &str) -> String {
    let (width, height) = (f32::from(buf.area.width), f32::from(buf.area.height));
    let (width, height) = (width * CELL.0 + 2.0 * EDGE, height * CELL.1 + 2.0 * EDGE);
    let ground = hex(buf[(0, buf.area.height / 2)].bg, "#101418");
    let mut out = String::new();
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"{FONT}\" \
         font-size=\"14\" xml:space=\"preserve\"><title>{}</title>",
        escaped(title)
    )
    .unwrap();
    writeln!(out, "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{ground}\"/>").unwrap();
    for y in 0..buf.area.height {
        for (x, columns, _, cell) in runs(buf, y) {
            boxed(&mut out, x, y, columns, &colours(cell, &ground).1, &ground);
        }
        for (x, columns, text, cell) in runs(buf, y) {
            written(&mut out, x, y, columns, &text, cell, &ground);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Runs of cells of one style: first column, columns, text, and a cell of it.
fn runs(buf: &Buffer, y: u16) -> Vec<(u16, u16, String, &Cell)> {
    let mut runs: Vec<(u16, u16, String, &Cell)> = Vec::new();
    let mut x = 0;
    while x < buf.area.width {
        let cell = &buf[(x, y)];
        let columns = (cell.symbol().width() as u16).max(1);
        match runs.last_mut() {
            Some((_, have, text, of)) if (of.fg, of.bg, of.modifier) == (cell.fg, cell.bg, cell.modifier) => {
                *have += columns;
                text.push_str(cell.symbol());
            }
            _ => runs.push((x, columns, cell.symbol().to_owned(), cell)),
        }
        x += columns;
    }
    runs
}

fn boxed(out: &mut String, x: u16, y: u16, columns: u16, colour: &str, ground: &str) {
    if colour == ground {
        return;
    }
    let (left, top) = place(x, y);
    let width = f32::from(columns) * CELL.0;
    writeln!(
        out,
        "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{colour}\"/>",
        CELL.1
    )
    .unwrap();
}

fn written(out: &mut String, x: u16, y: u16, columns: u16, text: &str, cell: &Cell, ground: &str) {
    // Blanks at both ends need no text, and renderers drop them anyway.
    let lead = (text.len() - text.trim_start_matches(' ').len()) as u16;
    let shown = text.trim_matches(' ');
    if shown.is_empty() {
        return;
    }
    let tail = (text.len() - text.trim_end_matches(' ').len()) as u16;
    let (left, top) = place(x + lead, y);
    let width = f32::from(columns - lead - tail) * CELL.0;
    let mut style = String::new();
    for (flag, words) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        (Modifier::DIM, " opacity=\"0.65\""),
    ] {
        if cell.modifier.contains(flag) {
            style.push_str(words);
        }
    }
    // The length pins every text to its columns, whatever font the viewer has.
    writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" fill=\"{}\" textLength=\"{width:.1}\"{style}>{}</text>",
        top + CELL.1 * 0.75,
        colours(cell, ground).0,
        escaped(shown)
    )
    .unwrap();
}

fn place(x: u16, y: u16) -> (f32, f32) {
    (EDGE + f32::from(x) * CELL.0, EDGE + f32::from(y) * CELL.1)
}

/// Text and background, reversed where the cell is.
fn colours(cell: &Cell, ground: &str) -> (String, String) {
    let (text, back) = (hex(cell.fg, "#d5dce5"), hex(cell.bg, ground));
    if cell.modifier.contains(Modifier::REVERSED) { (back, text) } else { (text, back) }
}

fn hex(colour: Color, otherwise: &str) -> String {
    let rgb = known_rgb(colour);
    rgb.map_or_else(|| otherwise.to_owned(), |[r, g, b]| format!("#{r:02x}{g:02x}{b:02x}"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
