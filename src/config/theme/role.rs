//! The roles: what the view may say about a piece of the screen, and how a theme file spells it.

/// What a piece of the screen is. The view names roles only, never colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
pub const ROLES: usize = TABLE.len();

/// Every role with its name in theme files, in the order of the enum (a test checks).
const TABLE: [(Role, &str); 41] = [
    (Role::Text, "text"),
    (Role::Dim, "dim"),
    (Role::Title, "title"),
    (Role::Border, "border"),
    (Role::BorderFocused, "border-focused"),
    (Role::Selected, "selected"),
    (Role::Marked, "marked"),
    (Role::Header, "header"),
    (Role::HeaderProtected, "header-protected"),
    (Role::Badge, "badge"),
    (Role::Ok, "ok"),
    (Role::Info, "info"),
    (Role::Warn, "warn"),
    (Role::Bad, "bad"),
    (Role::Stopped, "stopped"),
    (Role::Key, "key"),
    (Role::KeyDoc, "key-doc"),
    (Role::TabActive, "tab-active"),
    (Role::Tab, "tab"),
    (Role::Input, "input"),
    (Role::Dialog, "dialog"),
    (Role::DialogDanger, "dialog-danger"),
    (Role::Match, "match"),
    (Role::MatchCurrent, "match-current"),
    (Role::Time, "time"),
    (Role::Marker, "marker"),
    (Role::FieldKey, "field-key"),
    (Role::LevelDebug, "level-debug"),
    (Role::LevelInfo, "level-info"),
    (Role::LevelWarn, "level-warn"),
    (Role::LevelError, "level-error"),
    (Role::Gauge, "gauge"),
    (Role::Chart1, "chart-1"),
    (Role::Chart2, "chart-2"),
    (Role::Axis, "axis"),
    (Role::Tag1, "tag-1"),
    (Role::Tag2, "tag-2"),
    (Role::Tag3, "tag-3"),
    (Role::Tag4, "tag-4"),
    (Role::Tag5, "tag-5"),
    (Role::Tag6, "tag-6"),
];

impl Role {
    /// Every role, in the order help and theme files list them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|&(role, _)| role)
    }

    /// Its name in theme files, such as `border-focused`.
    pub fn name(self) -> &'static str {
        TABLE.get(self as usize).map_or("", |&(_, name)| name)
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|(_, n)| *n == name).map(|&(role, _)| role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (i, role) in Role::all().enumerate() {
            assert_eq!(role as usize, i);
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        assert_eq!(ROLES, Role::Tag6 as usize + 1);
    }
}
