//! A page as Markdown. Whatever names, messages and logs hold, it is text in it and no markup. Pure.

use std::fmt::Write as _;

use super::page::{Page, Row, Tone};
use crate::text::markdown::escape as text;

/// The report.
pub fn markdown(page: &Page) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n\n**{}**", text(&page.title), text(&page.cause));
    let fence = fence(page);
    let mut fenced = false;
    let mut after = Kind::Head;
    for row in &page.rows {
        let kind = Kind::of(row);
        if fenced && kind != Kind::Log {
            let _ = writeln!(out, "{fence}");
            fenced = false;
        }
        match row {
            Row::Head(title) => {
                let _ = writeln!(out, "\n## {}\n", text(title));
            }
            Row::Say(tone, words) => {
                let _ = writeln!(out, "- {}", loud(*tone, words));
            }
            Row::Pair(name, tone, value) => {
                let _ = writeln!(out, "- {name}: {}", loud(*tone, value));
            }
            Row::Moment(at, tone, what) => {
                let _ = writeln!(out, "- {at} {}", loud(*tone, what));
            }
            Row::Log(at, _, line) => {
                if !fenced {
                    // Between list and block Markdown wants air.
                    let air = if after == Kind::Head { "" } else { "\n" };
                    let _ = writeln!(out, "{air}{fence}text");
                    fenced = true;
                }
                let gap = if at.is_empty() { "" } else { " " };
                let _ = writeln!(out, "{at}{gap}{line}");
            }
        }
        after = kind;
    }
    if fenced {
        let _ = writeln!(out, "{fence}");
    }
    out
}

/// What a row becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Head,
    Item,
    Log,
}

impl Kind {
    fn of(row: &Row) -> Self {
        match row {
            Row::Head(_) => Self::Head,
            Row::Log(..) => Self::Log,
            Row::Say(..) | Row::Pair(..) | Row::Moment(..) => Self::Item,
        }
    }
}

/// A fence that no logged line can close: longer than every run of backticks in them.
fn fence(page: &Page) -> String {
    let lines =
        page.rows.iter().filter_map(|row| if let Row::Log(_, _, line) = row { Some(line) } else { None });
    let longest = lines.map(|line| longest_run(line)).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

fn longest_run(line: &str) -> usize {
    line.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Bold carries what colour does on a screen.
fn loud(tone: Tone, words: &str) -> String {
    let words = text(words);
    if tone == Tone::Bad { format!("**{words}**") } else { words }
}
