//! One stored line → what is written: a prefix of fixed width, and a body with styles.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use ratatui::style::{Modifier, Style};

use crate::config::{Glyphs, Role, Theme};
use crate::console::pane::Look;
use crate::console::widget::text;
use crate::fleet::ReplicaId;
use crate::logs::{Level, LineRef, Pattern, Source, SpanStyle, Stream, flatten};
use crate::text::human::{self, Clock};

/// A tag is shown with this many columns at most.
const TAG: usize = 20;
/// The roles tags take turns with.
const TAGS: [Role; 6] = [Role::Tag1, Role::Tag2, Role::Tag3, Role::Tag4, Role::Tag5, Role::Tag6];

/// Which replicas lines came from, in the order they first spoke: gives each tag its turn of
/// style, and tags a common width.
#[derive(Debug, Default)]
pub(super) struct Sources {
    turns: HashMap<ReplicaId, usize>,
    width: usize,
    last: Option<Arc<Source>>,
}

impl Sources {
    /// A line of this source came. Cheap for one line after another of the same source.
    pub(super) fn note(&mut self, source: &Arc<Source>) {
        if self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, source)) {
            return;
        }
        let turn = self.turns.len();
        self.turns.entry(source.replica.clone()).or_insert(turn);
        self.width = self.width.max(text::width(&source.tag).min(TAG));
        self.last = Some(Arc::clone(source));
    }

    /// Whether lines came from more than one, so that they need tags.
    pub(super) fn several(&self) -> bool {
        self.turns.len() > 1
    }

    /// Forget them all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn role(&self, source: &Source) -> Role {
        let turn = self.turns.get(&source.replica).copied().unwrap_or(0);
        TAGS.get(turn % TAGS.len()).copied().unwrap_or(Role::Tag1)
    }
}

/// What the user chose to see of each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// Time stamps.
    pub(super) stamps: Option<Clock>,
    /// JSON lines as message and fields.
    pub(super) flat: bool,
    /// Long lines in several rows.
    pub(super) wrap: bool,
}

/// How lines are laid out in an area: what of the prefix there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    stamps: Option<Clock>,
    flat: bool,
    /// Columns of the tag; 0 = none.
    tag: usize,
    /// Columns of the level's letter and the blank after it; 0 on the smallest screens.
    gutter: usize,
    /// Columns in all.
    cols: usize,
    /// Whether long lines take several rows.
    pub(super) wrap: bool,
}

impl Layout {
    /// For an area of `cols` columns. The text is what one came for: at least half of the columns
    /// are left to it, tags and stamps go first.
    pub(super) fn new(options: Options, sources: &Sources, cols: u16) -> Self {
        let cols = usize::from(cols);
        let mut layout = Self {
            stamps: options.stamps,
            flat: options.flat,
            tag: if sources.several() { sources.width } else { 0 },
            gutter: 2,
            cols,
            wrap: options.wrap,
        };
        let crowded = |layout: &Self| layout.indent() * 2 > cols;
        if crowded(&layout) && layout.stamps == Some(Clock::DateTime) {
            layout.stamps = Some(Clock::Time);
        }
        if crowded(&layout) {
            layout.tag = layout.tag.min(cols / 5);
        }
        if crowded(&layout) {
            layout.stamps = None;
        }
        if crowded(&layout) {
            (layout.tag, layout.gutter) = (0, 0);
        }
        layout
    }

    fn stamp(self) -> usize {
        match self.stamps {
            None => 0,
            Some(Clock::Time) => 13,
            Some(Clock::DateTime) => 24,
        }
    }

    /// Columns before the body.
    pub(super) fn indent(self) -> usize {
        self.stamp() + if self.tag > 0 { self.tag + 1 } else { 0 } + self.gutter
    }

    /// Columns of the body.
    pub(super) fn body(self) -> usize {
        self.cols.saturating_sub(self.indent()).max(1)
    }

    /// Rows a line takes: at least one.
    pub(super) fn height(self, line: &LineRef<'_>, glyphs: &Glyphs) -> usize {
        if !self.wrap {
            return 1;
        }
        // Most lines are short; more bytes than columns is where it has to be looked at.
        if !self.flat && line.stream != Stream::Marker && !line.cut && line.text.len() <= self.body() {
            return 1;
        }
        let (body, _) = body(line, self.flat, glyphs);
        if body.is_ascii() {
            return body.len().div_ceil(self.body()).max(1);
        }
        text::wrap(&body, self.body(), false).len()
    }

    /// The pieces in front of the body, together [`Self::indent`] columns wide.
    pub(super) fn prefix(
        self,
        line: &LineRef<'_>,
        sources: &Sources,
        look: &Look<'_>,
    ) -> Vec<(String, Style)> {
        let theme = look.theme;
        let mut pieces = Vec::with_capacity(3);
        if let Some(clock) = self.stamps {
            let stamp = human::clock_ns(line.at, clock, look.utc);
            pieces.push((format!("{stamp:<width$}", width = self.stamp()), theme.style(Role::Time)));
        }
        if self.tag > 0 {
            let tag = text::clip_start(&line.source.tag, self.tag, look.glyphs.ellipsis);
            let pad = (self.tag + 1).saturating_sub(text::width(&tag));
            pieces.push((format!("{tag}{}", " ".repeat(pad)), theme.style(sources.role(line.source))));
        }
        if self.gutter > 0 {
            let (letter, role) = letter(line);
            pieces.push((format!("{letter} "), theme.style(role)));
        }
        pieces
    }
}

/// A level's letter and how it looks. The letter says it where colours don't.
fn letter(line: &LineRef<'_>) -> (&'static str, Role) {
    match line.level {
        _ if line.stream == Stream::Marker => (" ", Role::Marker),
        Level::Unknown => (" ", Role::Dim),
        Level::Trace => ("T", Role::LevelDebug),
        Level::Debug => ("D", Role::LevelDebug),
        Level::Info => ("I", Role::LevelInfo),
        Level::Warn => ("W", Role::LevelWarn),
        Level::Error => ("E", Role::LevelError),
        Level::Fatal => ("F", Role::LevelError),
    }
}

/// The text of a line as it is shown, and where the keys of flattened fields are in it.
pub(super) fn body<'l>(line: &LineRef<'l>, flat: bool, glyphs: &Glyphs) -> (Cow<'l, str>, Vec<Range<usize>>) {
    if line.stream == Stream::Marker {
        return (Cow::Owned(format!("{} {}", glyphs.cut, line.text)), Vec::new());
    }
    if line.cut {
        // A cut line is no whole JSON any more.
        return (
            Cow::Owned(format!("{} {} cut here: the line is longer", line.text, glyphs.cut)),
            Vec::new(),
        );
    }
    if flat && let Some(flat) = flatten(line.text) {
        return (Cow::Owned(flat.text), flat.keys);
    }
    (Cow::Borrowed(line.text), Vec::new())
}

/// What is highlighted in lines.
#[derive(Clone, Copy)]
pub(super) struct Highlight<'a> {
    /// What is searched for, else what the filter lets in.
    pub(super) patterns: &'a [Pattern],
    /// The line the search stands on.
    pub(super) current: Option<u64>,
}

/// A line ready to be drawn.
pub(super) struct Composed<'l> {
    /// Its text.
    pub(super) body: Cow<'l, str>,
    /// How it looks where no layer says otherwise.
    pub(super) base: Style,
    /// Byte ranges of the body in other styles; later ones lie above.
    pub(super) layers: Vec<(Range<usize>, Style)>,
}

/// Compose a line.
pub(super) fn compose<'l>(
    line: &LineRef<'l>,
    flat: bool,
    highlight: Highlight<'_>,
    look: &Look<'_>,
) -> Composed<'l> {
    let theme = look.theme;
    let (body, keys) = body(line, flat, look.glyphs);
    let base = theme.style(match (line.stream, line.level) {
        (Stream::Marker, _) => Role::Marker,
        (_, Level::Error | Level::Fatal) => Role::LevelError,
        (_, Level::Warn) => Role::LevelWarn,
        (_, Level::Trace | Level::Debug) => Role::LevelDebug,
        _ => Role::Text,
    });
    let mut layers: Vec<(Range<usize>, Style)> =
        keys.into_iter().map(|r| (r, theme.style(Role::FieldKey))).collect();
    if matches!(body, Cow::Borrowed(_)) || line.cut {
        layers.extend(line.spans.iter().map(|s| (s.start as usize..s.end as usize, asked(s.style, theme))));
    }
    let role = if highlight.current == Some(line.seq) { Role::MatchCurrent } else { Role::Match };
    if line.stream != Stream::Marker {
        for pattern in highlight.patterns {
            layers.extend(pattern.ranges(&body).map(|r| (r, theme.style(role))));
        }
    }
    Composed { body, base, layers }
}

/// A style the line asked for, as far as this terminal and theme have colours.
fn asked(style: SpanStyle, theme: &Theme) -> Style {
    let mut out = Style::new();
    if let Some(fg) = style.fg.and_then(|c| theme.outside(c)) {
        out = out.fg(fg);
    }
    if let Some(bg) = style.bg.and_then(|c| theme.outside(c)) {
        out = out.bg(bg);
    }
    for (on, modifier) in [
        (style.bold, Modifier::BOLD),
        (style.dim, Modifier::DIM),
        (style.italic, Modifier::ITALIC),
        (style.underline, Modifier::UNDERLINED),
        (style.reverse, Modifier::REVERSED),
    ] {
        if on {
            out = out.add_modifier(modifier);
        }
    }
    out
}

/// A line as plain text, for files and the clipboard.
pub(super) fn plain(line: &LineRef<'_>, options: Options, tags: bool, utc: bool, glyphs: &Glyphs) -> String {
    let mut out = String::with_capacity(line.text.len() + 40);
    if options.stamps.is_some() {
        out.push_str(&human::clock_ns(line.at, Clock::DateTime, utc));
        out.push(' ');
    }
    if tags {
        out.push_str(&line.source.tag);
        out.push(' ');
    }
    let (body, keys) = body(line, options.flat, glyphs);
    let flattened = options.flat && (!keys.is_empty() || body != line.text) && line.stream != Stream::Marker;
    if flattened && line.level != Level::Unknown && !line.cut {
        out.push_str(line.level.tag());
        out.push(' ');
    }
    out.push_str(&body);
    out
}
