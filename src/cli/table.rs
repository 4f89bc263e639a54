//! Tables for terminals and pipes: columns as wide as their content, counted in terminal cells.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::style::Paint;
use crate::config::Role;

/// Between two columns.
const GAP: usize = 2;
/// A column is not shrunk below this.
const NARROWEST: usize = 8;

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// A column's head.
#[derive(Clone, Debug)]
pub(super) struct Column {
    title: &'static str,
    align: Align,
    shrinks: bool,
}

impl Column {
    /// Words.
    pub(super) fn left(title: &'static str) -> Self {
        Self { title, align: Align::Left, shrinks: false }
    }

    /// Figures.
    pub(super) fn right(title: &'static str) -> Self {
        Self { title, align: Align::Right, shrinks: false }
    }

    /// Words that may be cut where the terminal is too narrow.
    pub(super) fn shrinking(title: &'static str) -> Self {
        Self { title, align: Align::Left, shrinks: true }
    }
}

/// One cell: its text (already sanitised) and what it is.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    role: Role,
}

impl Cell {
    /// A cell in a role's style.
    pub(super) fn new(role: Role, text: impl Into<String>) -> Self {
        Self { text: text.into(), role }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Role::Text, text)
    }
}

enum Row {
    Cells(Vec<Cell>),
    Heading(Cell),
}

/// A table in the making.
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Table {
    /// An empty table.
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Add a row; missing cells are empty.
    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row::Cells(cells));
    }

    /// Add a line that belongs to no column.
    pub(super) fn heading(&mut self, cell: Cell) {
        self.rows.push(Row::Heading(cell));
    }

    /// The whole table, each line ended; lines are cut so that no line is wider than `fit` cells
    /// as far as shrinking columns allow. Without rows: nothing.
    pub(super) fn render(&self, paint: &Paint, fit: Option<usize>, ellipsis: &str) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let widths = self.widths(fit);
        let mut out = String::new();
        if self.columns.iter().any(|c| !c.title.is_empty()) {
            let head = self.columns.iter().map(|c| Cell::new(Role::Title, c.title)).collect::<Vec<_>>();
            self.line(&mut out, &head, &widths, paint, ellipsis);
        }
        for row in &self.rows {
            match row {
                Row::Cells(cells) => self.line(&mut out, cells, &widths, paint, ellipsis),
                Row::Heading(cell) => {
                    let text = fit.map_or_else(|| cell.text.clone(), |w| cut(&cell.text, w, ellipsis));
                    out.push_str(&paint.text(cell.role, &text));
                    out.push('\n');
                }
            }
        }
        out
    }

    fn widths(&self, fit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|c| c.title.width()).collect();
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(cell.text.width());
                }
            }
        }
        let Some(fit) = fit else { return widths };
        let gaps = GAP * widths.len().saturating_sub(1);
        let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(fit);
        // The widest gives first, a cell at a time: fair, and the tables are small.
        while over > 0 {
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(width, column)| column.shrinks && **width > NARROWEST)
                .map(|(width, _)| width)
                .max();
            let Some(width) = widest else { break };
            *width -= 1;
            over -= 1;
        }
        widths
    }

    fn line(&self, out: &mut String, cells: &[Cell], widths: &[usize], paint: &Paint, ellipsis: &str) {
        let mut pending = 0;
        for (i, ((column, &width), cell)) in self.columns.iter().zip(widths).zip(cells).enumerate() {
            if i > 0 {
                pending += GAP;
            }
            let text = cut(&cell.text, width, ellipsis);
            let room = width.saturating_sub(text.width());
            if column.align == Align::Right {
                pending += room;
            }
            if !text.is_empty() {
                out.extend(std::iter::repeat_n(' ', pending));
                pending = 0;
                out.push_str(&paint.text(cell.role, &text));
            }
            if column.align == Align::Left {
                pending += room;
            }
        }
        // What is pending would be trailing blanks.
        out.push('\n');
    }
}

/// `text` in at most `width` cells, cut between graphemes, with `ellipsis` where it was cut.
pub(super) fn cut(text: &str, width: usize, ellipsis: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(ellipsis.width());
    let mut used = 0;
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    if ellipsis.width() <= width {
        kept.push_str(ellipsis);
    }
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(vec![Column::shrinking("NAME"), Column::right("N"), Column::left("WORD")]);
        table.row(vec!["api".into(), "7".into(), "up".into()]);
        table.row(vec!["数据库-service".into(), "12".into(), Cell::from("")]);
        table
    }

    #[test]
    fn columns_align_by_cells_and_lines_end_clean() {
        let text = sample().render(&Paint::none(), None, "…");
        assert_eq!(text, "NAME             N  WORD\napi              7  up\n数据库-service  12\n");
    }

    #[test]
    fn a_narrow_terminal_cuts_what_may_be_cut() {
        let text = sample().render(&Paint::none(), Some(20), "…");
        for line in text.lines() {
            assert!(line.width() <= 20, "{line:?}");
        }
        assert!(text.contains("数据库-se…"), "{text}");
    }

    #[test]
    fn nothing_to_shrink_nothing_lost() {
        let mut table = Table::new(vec![Column::left("A"), Column::left("B")]);
        table.row(vec!["a-long-value".into(), "another".into()]);
        assert!(table.render(&Paint::none(), Some(5), "…").contains("a-long-value  another"));
    }

    #[test]
    fn cutting_never_splits_a_wide_character() {
        assert_eq!(cut("数据库", 4, "…"), "数…");
        assert_eq!(cut("abc", 3, "…"), "abc");
        assert_eq!(cut("abc", 0, "…"), "");
    }
}
