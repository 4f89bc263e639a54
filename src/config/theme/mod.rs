//! Themes: what a thing *is* (its [`Role`]) → how it looks.

use ratatui::style::Style;

/// What a piece of the screen is. The view names roles only, never colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// Plain text and background.
    Text,
    /// Secondary text.
    Dim,
    /// Titles, column heads.
    Title,
    /// Lines and frames.
    Border,
    /// The frame of what has the focus.
    BorderFocused,
    /// The selected row.
    Selected,
    /// A marked row's mark.
    Marked,
    /// The header line.
    Header,
    /// The header line of a protected (production) target.
    HeaderProtected,
    /// The word DEMO, READ-ONLY.
    Badge,
    /// Healthy.
    Ok,
    /// Runs without a check; information.
    Info,
    /// Starting, degraded, paused; high usage.
    Warn,
    /// Unhealthy, down; errors.
    Bad,
    /// Stopped on purpose.
    Stopped,
    /// A key in help and footer.
    Key,
    /// What a key does.
    KeyDoc,
    /// The active tab.
    TabActive,
    /// Other tabs.
    Tab,
    /// Input lines.
    Input,
    /// A dialog.
    Dialog,
    /// A dialog that asks for something dangerous.
    DialogDanger,
    /// The text matched by a filter or a search.
    Match,
    /// The match the search stands on.
    MatchCurrent,
    /// Time stamps in logs.
    Time,
    /// Markers in logs.
    Marker,
    /// Keys of JSON fields in flattened logs.
    FieldKey,
    /// Log level trace and debug.
    LevelDebug,
    /// Log level info.
    LevelInfo,
    /// Log level warn.
    LevelWarn,
    /// Log level error and fatal.
    LevelError,
    /// Sparklines, gauges.
    Gauge,
    /// First line of a chart.
    Chart1,
    /// Second line of a chart.
    Chart2,
    /// Axes of a chart.
    Axis,
    /// Replica tags in merged logs take turns.
    Tag1,
    /// See `Tag1`.
    Tag2,
    /// See `Tag1`.
    Tag3,
    /// See `Tag1`.
    Tag4,
    /// See `Tag1`.
    Tag5,
    /// See `Tag1`.
    Tag6,
}

/// How many roles there are.
pub const ROLES: usize = Role::Tag6 as usize + 1;

/// A resolved theme: a style for every role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub doc: String,
    pub(super) styles: [Style; ROLES],
}

impl Theme {
    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self { name: "plain".into(), doc: "no style at all".into(), styles: [Style::new(); ROLES] }
    }
}

/// The characters with a meaning: Unicode, or ASCII where the terminal or the user wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Healthy.
    pub ok: &'static str,
    /// Runs without a check.
    pub running: &'static str,
    /// Starting, degraded.
    pub warn: &'static str,
    /// Unhealthy, down.
    pub bad: &'static str,
    /// Stopped.
    pub stopped: &'static str,
    /// Paused.
    pub paused: &'static str,
    /// An unfolded branch.
    pub open: &'static str,
    /// A folded branch.
    pub folded: &'static str,
    /// A marked row.
    pub mark: &'static str,
    /// Live.
    pub live: &'static str,
    /// In front of markers in logs.
    pub cut: &'static str,
    /// Restart count.
    pub restarts: &'static str,
    /// Published to: `8080→80`.
    pub arrow: &'static str,
    /// Ascending.
    pub ascending: &'static str,
    /// Descending.
    pub descending: &'static str,
    /// A horizontal line.
    pub line: &'static str,
    /// A vertical line.
    pub bar: &'static str,
    /// More than fits.
    pub ellipsis: &'static str,
    /// Nothing known.
    pub missing: &'static str,
    /// Sparkline steps, lowest first.
    pub spark: &'static [&'static str],
}

impl Glyphs {
    /// Unicode, one column each.
    pub const UNICODE: Self = Self {
        ok: "✔",
        running: "●",
        warn: "▲",
        bad: "✖",
        stopped: "○",
        paused: "‖",
        open: "▾",
        folded: "▸",
        mark: "◆",
        live: "●",
        cut: "✂",
        restarts: "↻",
        arrow: "→",
        ascending: "↑",
        descending: "↓",
        line: "─",
        bar: "│",
        ellipsis: "…",
        missing: "—",
        spark: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    };
    /// ASCII only.
    pub const ASCII: Self = Self {
        ok: "+",
        running: "*",
        warn: "!",
        bad: "x",
        stopped: "o",
        paused: "=",
        open: "v",
        folded: ">",
        mark: "#",
        live: "*",
        cut: "--",
        restarts: "r",
        arrow: ">",
        ascending: "^",
        descending: "v",
        line: "-",
        bar: "|",
        ellipsis: "~",
        missing: "-",
        spark: &["_", ".", ":", "-", "=", "+", "*", "#"],
    };
}
