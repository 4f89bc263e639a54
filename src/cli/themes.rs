//! `qd themes`: what there is to choose from, and what is wrong with one's own.

use serde::Serialize;

use super::args::{ListArgs, TextOrJson};
use super::exit::{CliError, Exit};
use super::json;
use super::out::Out;
use super::setup::Setup;
use super::table::{Cell, Column, Table};
use crate::config::{Listed, Origin, Role};

/// Print the themes; the one in use is marked.
pub(super) fn run(setup: &Setup, args: &ListArgs) -> Result<Exit, CliError> {
    print(&mut setup.out()?, &setup.library.themes(), &setup.settings.ui.theme, args.output)
}

/// One of them as JSON.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    doc: &'a str,
    /// `shipped`, `patched` or `user`.
    origin: &'static str,
    /// The user's file.
    file: Option<String>,
    /// Whether it is the one in use.
    current: bool,
    /// Why it can't be used.
    problems: Vec<String>,
}

/// A list of themes or keymaps; fails when one of them is broken, so that scripts may check.
pub(super) fn print(
    out: &mut Out,
    listed: &[Listed],
    current: &str,
    format: TextOrJson,
) -> Result<Exit, CliError> {
    let rows: Vec<Row<'_>> = listed.iter().map(|one| row(one, current)).collect();
    match format {
        TextOrJson::Json => json::pretty(out, &rows)?,
        TextOrJson::Text => {
            let mut table = Table::new(vec![
                Column::left(""),
                Column::left("NAME"),
                Column::left("FROM"),
                Column::shrinking("ABOUT"),
            ]);
            for row in &rows {
                let mark = if row.current { out.glyphs.mark } else { "" };
                let from = row.file.as_deref().unwrap_or(row.origin);
                let about = if row.problems.is_empty() {
                    Cell::from(row.doc)
                } else {
                    Cell::new(Role::Bad, "broken, see below")
                };
                table.row(vec![mark.into(), row.name.into(), Cell::new(Role::Dim, from), about]);
            }
            let text = table.render(&out.paint, out.fit(), out.glyphs.ellipsis);
            out.text(&text)?;
        }
    }
    out.flush()?;
    let mut broken = false;
    for problem in rows.iter().flat_map(|row| &row.problems) {
        broken = true;
        super::say(&format!("qd: {problem}"));
    }
    Ok(if broken { Exit::Usage } else { Exit::Done })
}

fn row<'a>(one: &'a Listed, current: &str) -> Row<'a> {
    let (origin, file) = match &one.origin {
        Origin::Shipped => ("shipped", None),
        Origin::Patched(path) => ("patched", Some(path.display().to_string())),
        Origin::User(path) => ("user", Some(path.display().to_string())),
    };
    Row {
        name: &one.name,
        doc: &one.doc,
        origin,
        file,
        current: one.name == current,
        problems: one.broken.iter().flat_map(|p| &p.0).map(ToString::to_string).collect(),
    }
}
