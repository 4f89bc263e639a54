//! Text by the columns it takes on the screen: graphemes, not characters or bytes.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns `text` takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// The longest beginning of `text` that takes at most `cols` columns, in bytes.
pub fn fit(text: &str, cols: usize) -> usize {
    // One byte further than needed: what follows could combine with the last column.
    let head = text.as_bytes().get(..text.len().min(cols.saturating_add(1))).unwrap_or_default();
    if head.is_ascii() {
        return text.len().min(cols);
    }
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > cols {
            return at;
        }
    }
    text.len()
}

/// `text` cut to `cols` columns, with `ellipsis` at the end where something is missing.
pub fn clip(text: &str, cols: usize, ellipsis: &str) -> String {
    if width(text) <= cols {
        return text.to_owned();
    }
    let room = cols.saturating_sub(width(ellipsis));
    let mut out = text.get(..fit(text, room)).unwrap_or_default().to_owned();
    if cols >= width(ellipsis) {
        out.push_str(ellipsis);
    }
    out
}

/// Like [`clip`], but the end stays: for names that differ in it (`shop/api-2`).
pub fn clip_start(text: &str, cols: usize, ellipsis: &str) -> String {
    if width(text) <= cols {
        return text.to_owned();
    }
    let Some(mut room) = cols.checked_sub(width(ellipsis)) else { return String::new() };
    let mut start = text.len();
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        match room.checked_sub(grapheme.width()) {
            Some(left) => (room, start) = (left, at),
            None => break,
        }
    }
    format!("{ellipsis}{}", text.get(start..).unwrap_or_default())
}

/// Cut `text` into rows of at most `cols` columns: at blanks where a word of sensible length
/// allows it (`words`), else anywhere between graphemes. At least one row; `cols` of 0 counts as 1.
pub fn wrap(text: &str, cols: usize, words: bool) -> Vec<Range<usize>> {
    let cols = cols.max(1);
    let mut rows = Vec::new();
    let mut start = 0;
    loop {
        let rest = text.get(start..).unwrap_or_default();
        let mut end = fit(rest, cols);
        if end == rest.len() {
            rows.push(start..text.len());
            return rows;
        }
        if end == 0 {
            // One grapheme wider than the row: it gets a row, and is clipped when drawn.
            end = rest.graphemes(true).next().map_or(rest.len(), str::len);
        } else if words
            && let Some(blank) = rest.get(..end).and_then(|row| row.rfind(' '))
            // A break that wastes more than half of the row helps nobody.
            && blank * 2 > end
        {
            end = blank + 1;
        }
        rows.push(start..start + end);
        start += end;
        if start >= text.len() {
            return rows;
        }
    }
}

/// A replica's name without its project's in front, where that is known to whoever reads it.
pub fn without_project<'n>(name: &'n str, project: Option<&str>) -> &'n str {
    let rest = project.and_then(|project| name.strip_prefix(project));
    rest.and_then(|rest| rest.strip_prefix(['-', '_'])).unwrap_or(name)
}

/// A range of a line's text in another style. Ranges are bytes of the spans' joined content.
pub fn restyle(line: Line<'static>, ranges: &[Range<usize>], style: Style) -> Line<'static> {
    if ranges.is_empty() {
        return line;
    }
    let mut out = Line { spans: Vec::with_capacity(line.spans.len() + ranges.len() * 2), ..line.clone() };
    let mut at = 0;
    for span in line.spans {
        let end = at + span.content.len();
        let mut from = at;
        for range in ranges.iter().filter(|r| r.start < end && r.end > at) {
            let (start, stop) = (range.start.max(from), range.end.min(end));
            let piece = |a: usize, b: usize| span.content.get(a - at..b - at).unwrap_or_default().to_owned();
            if from < start {
                out.spans.push(Span::styled(piece(from, start), span.style));
            }
            if start < stop {
                out.spans.push(Span::styled(piece(start, stop), span.style.patch(style)));
                from = stop;
            }
        }
        if from < end {
            let tail = span.content.get(from - at..).unwrap_or_default().to_owned();
            out.spans.push(Span::styled(tail, span.style));
        }
        at = end;
    }
    out
}

/// Draw a line into one row; what does not fit is cut. Nothing outside `area` or the buffer is touched.
pub fn put(buf: &mut Buffer, area: Rect, row: u16, line: &Line<'_>) {
    let area = area.intersection(buf.area);
    if row < area.height {
        buf.set_line(area.x, area.y + row, line, area.width);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_double_and_are_never_split() {
        assert_eq!(width("日本"), 4);
        assert_eq!(fit("日本", 3), "日".len());
        assert_eq!(clip("日本語", 5, "…"), "日本…");
        assert_eq!(clip("abc", 3, "…"), "abc");
        assert_eq!(clip("abcd", 0, "…"), "");
        assert_eq!(clip_start("shop/api-2", 6, "…"), "…api-2");
        assert_eq!(clip_start("日本語", 4, "…"), "…語");
        assert_eq!(clip_start("abc", 0, "…"), "");
        let family = "👨‍👩‍👧x";
        assert_eq!(fit(family, 2), family.len() - 1);
    }

    #[test]
    fn wrapped_rows_are_the_whole_text_and_fit() {
        for text in [
            "",
            "hello world again",
            "日本語のテキスト",
            "aaaaaaaaaaaaaaaaaaaaa bb",
            "👨‍👩‍👧👨‍👩‍👧",
            "\u{301}\u{301}",
        ] {
            for cols in 0..9 {
                for words in [false, true] {
                    let rows = wrap(text, cols, words);
                    let joined: String = rows.iter().map(|r| text.get(r.clone()).unwrap()).collect();
                    assert_eq!(joined, text);
                    for row in &rows {
                        let row = &text[row.clone()];
                        assert!(
                            width(row) <= cols.max(1) || row.graphemes(true).count() == 1,
                            "{row:?} in {cols}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn words_stay_whole_where_that_wastes_little() {
        let rows = wrap("alpha beta gamma", 12, true);
        assert_eq!(rows, [0..11, 11..16]);
        assert_eq!(wrap("a bbbbbbbbbbbbbbb", 8, true)[0], 0..8);
    }

    #[test]
    fn restyling_cuts_spans_across_their_borders() {
        let line = Line::from(vec![Span::raw("abc"), Span::raw("def")]);
        let hit = Style::new().bold();
        let out = restyle(line, &[1..2, 2..4], hit);
        let parts: Vec<_> = out.spans.iter().map(|s| (s.content.as_ref(), s.style == hit)).collect();
        assert_eq!(parts, [("a", false), ("b", true), ("c", true), ("d", true), ("ef", false)]);
    }
}
