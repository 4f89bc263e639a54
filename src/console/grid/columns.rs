//! The grid's columns: what there is, what falls away first when the screen is narrow, how wide
//! each one is. Pure; the view and the mouse share the answer.

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// Name, as a tree.
    Service,
    /// Replicas up / in all.
    Replicas,
    /// Verdict, since when, why.
    Health,
    /// Ports, folded.
    Ports,
    /// 95 of a hundred answers took no longer.
    P95,
    /// Failed requests of a hundred.
    Errors,
    /// CPU: sparkline and percent of a core.
    Cpu,
    /// Memory, and percent of the limit.
    Mem,
    /// Network, received / sent per second.
    Net,
    /// Block devices, read / written per second.
    Block,
    /// Processes and threads.
    Pids,
    /// Restarts.
    Restarts,
    /// Image tag.
    Revision,
    /// Since when it runs, or since when it is down.
    Age,
}

impl Column {
    /// All columns, in the order they are shown from left to right.
    pub const ALL: [Self; 14] = [
        Self::Service,
        Self::Replicas,
        Self::Health,
        Self::Ports,
        Self::P95,
        Self::Errors,
        Self::Cpu,
        Self::Mem,
        Self::Net,
        Self::Block,
        Self::Pids,
        Self::Restarts,
        Self::Revision,
        Self::Age,
    ];

    /// Its head, and (lower case) its name in `:sort`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Service => "SERVICE",
            Self::Replicas => "REPL",
            Self::Health => "HEALTH",
            Self::Ports => "PORTS",
            Self::P95 => "P95",
            Self::Errors => "ERR%",
            Self::Cpu => "CPU",
            Self::Mem => "MEM",
            Self::Net => "NET",
            Self::Block => "BLOCK",
            Self::Pids => "PIDS",
            Self::Restarts => "RST",
            Self::Revision => "REVISION",
            Self::Age => "AGE",
        }
    }

    /// The name `:sort` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "name",
            Self::Replicas => "replicas",
            Self::Health => "health",
            Self::Ports => "ports",
            Self::P95 => "p95",
            Self::Errors => "errors",
            Self::Cpu => "cpu",
            Self::Mem => "mem",
            Self::Net => "net",
            Self::Block => "block",
            Self::Pids => "pids",
            Self::Restarts => "restarts",
            Self::Revision => "image",
            Self::Age => "age",
        }
    }

    /// The column `:sort` means by a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name || c.title().eq_ignore_ascii_case(name))
    }

    /// Whether its figures change with every usage sweep (sorting by it is then redone once a
    /// second).
    pub fn is_usage(self) -> bool {
        matches!(
            self,
            Self::P95 | Self::Errors | Self::Cpu | Self::Mem | Self::Net | Self::Block | Self::Pids
        )
    }

    /// Whether "most first" is the natural order.
    pub fn biggest_first(self) -> bool {
        self.is_usage() || matches!(self, Self::Health | Self::Restarts)
    }

    /// Whether its text leans to the right.
    pub fn right(self) -> bool {
        !matches!(self, Self::Service | Self::Health | Self::Ports | Self::Revision)
    }
}

/// One step of making the grid wider: the column gets this width, if it still fits.
///
/// Declared order: what stands first is the last to fall away.
const STEPS: &[(Column, u16)] = &[
    (Column::Service, 12),
    (Column::Health, 8),
    (Column::Replicas, 5),
    (Column::Cpu, 5),
    (Column::Mem, 6),
    (Column::Service, 20),
    (Column::Age, 4),
    (Column::Health, 16),
    // How it answers says more than where; both are there only while something is probed or measured.
    (Column::P95, 5),
    (Column::Errors, 4),
    (Column::Ports, 8),
    (Column::Service, 25),
    (Column::Restarts, 4),
    // From here on it is wider than 80 columns. Why something is down is worth more than a picture
    // of its usage.
    (Column::Health, 24),
    (Column::Revision, 10),
    (Column::Cpu, 12),
    (Column::Mem, 11),
    (Column::Ports, 16),
    (Column::Net, 13),
    (Column::Pids, 5),
    (Column::Block, 13),
    (Column::Revision, 16),
    (Column::Ports, 24),
    (Column::Health, 34),
    (Column::Service, 32),
    (Column::Ports, 30),
    (Column::Service, 40),
];

/// Where rows are probed, the step after [`BEFORE_WHY`]: what a probe found takes more words than an
/// exit code.
const WHY: (Column, u16) = (Column::Health, 40);
const BEFORE_WHY: (Column, u16) = (Column::Revision, 10);

/// The columns of one screen width: which, from where, how wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    cells: Vec<Cell>,
}

/// One column's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Which column.
    pub column: Column,
    /// Its first character, from the grid's left edge.
    pub x: u16,
    /// Its width; at least 1.
    pub width: u16,
}

/// How wide the texts of a column are that has more or less to say from day to day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The longest name, tree and glyphs included.
    pub name: u16,
    /// The longest verdict.
    pub health: u16,
    /// Whether it is known of any row how quickly or how well it answers.
    pub answers: bool,
}

impl Needs {
    /// The width a step asks for, not more than there is to show.
    fn limit(self, column: Column, wanted: u16) -> u16 {
        match column {
            Column::Service => wanted.min(self.name.max(12)),
            // Does not shrink below this when all is well: a first failure must not move every column.
            Column::Health => wanted.min(self.health.max(16)),
            Column::P95 | Column::Errors if !self.answers => 0,
            _ => wanted,
        }
    }
}

/// Blanks between two columns.
const GAP: u16 = 1;

impl Columns {
    /// The columns that fit into `width`; names and verdicts get no more than they need.
    pub fn fit(width: u16, needs: Needs) -> Self {
        let mut widths = [0_u16; Column::ALL.len()];
        let mut used = 0_u16;
        let why = |step: &(Column, u16)| (needs.answers && *step == BEFORE_WHY).then_some(WHY);
        for (column, wanted) in STEPS.iter().flat_map(|step| std::iter::once(*step).chain(why(step))) {
            let wanted = needs.limit(column, wanted);
            let now = widths[column as usize];
            if wanted <= now {
                continue;
            }
            let gap = if now == 0 && used > 0 { GAP } else { 0 };
            if used + (wanted - now) + gap <= width {
                widths[column as usize] = wanted;
                used += wanted - now + gap;
            } else if used == 0 {
                // Not even the name fits in full: it gets what there is.
                widths[column as usize] = width;
                used = width;
            } else {
                // What stands later in the order must not jump the queue.
                break;
            }
        }
        // What is left over goes to what is cut.
        for (column, need) in [(Column::Service, needs.name), (Column::Health, needs.health)] {
            let now = widths[column as usize];
            let more = width.saturating_sub(used).min(need.saturating_sub(now));
            if now > 0 {
                widths[column as usize] += more;
                used += more;
            }
        }
        let mut cells = Vec::with_capacity(Column::ALL.len());
        let mut x = 0;
        for column in Column::ALL {
            let width = widths[column as usize];
            if width > 0 {
                cells.push(Cell { column, x, width });
                x += width + GAP;
            }
        }
        Self { cells }
    }

    /// The columns, from left to right.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The column at `x`, counted from the grid's left edge (the gap after it counts as its own).
    pub fn at(&self, x: u16) -> Option<Column> {
        self.cells.iter().rev().find(|c| c.x <= x).map(|c| c.column)
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Columns, Needs};

    fn needs(name: u16, health: u16) -> Needs {
        Needs { name, health, answers: false }
    }

    fn width(columns: &Columns, column: Column) -> u16 {
        columns.cells().iter().find(|c| c.column == column).map_or(0, |c| c.width)
    }

    #[test]
    fn room_the_names_leave_goes_to_verdicts_that_are_cut() {
        for cols in [80, 100, 120] {
            let columns = Columns::fit(cols, needs(16, 40));
            assert!(width(&columns, Column::Health) >= 24, "{cols}: {columns:?}");
            assert!(width(&columns, Column::Service) >= 16, "{cols}: {columns:?}");
        }
        // Nobody takes what nobody needs.
        let calm = Columns::fit(120, needs(16, 7));
        assert_eq!(width(&calm, Column::Health), 16);
        assert!(width(&calm, Column::Net) > 0);
    }

    fn titles(width: u16) -> Vec<&'static str> {
        Columns::fit(width, needs(30, 40)).cells().iter().map(|c| c.column.title()).collect()
    }

    #[test]
    fn columns_fall_away_from_the_least_important() {
        assert_eq!(titles(80), ["SERVICE", "REPL", "HEALTH", "PORTS", "CPU", "MEM", "RST", "AGE"]);
        assert_eq!(titles(40), ["SERVICE", "REPL", "HEALTH", "CPU", "MEM"]);
        assert_eq!(titles(20), ["SERVICE"]);
        assert_eq!(titles(200).len(), Column::ALL.len() - 2);
    }

    #[test]
    fn how_it_answers_is_shown_where_it_is_known() {
        let titles = |width: u16| -> Vec<&'static str> {
            let needs = Needs { answers: true, ..needs(30, 40) };
            Columns::fit(width, needs).cells().iter().map(|c| c.column.title()).collect()
        };
        assert_eq!(titles(200).len(), Column::ALL.len());
        assert_eq!(titles(80), ["SERVICE", "REPL", "HEALTH", "P95", "ERR%", "CPU", "MEM", "AGE"]);
        assert_eq!(titles(40), ["SERVICE", "REPL", "HEALTH", "CPU", "MEM"]);
        for width in 1..250 {
            let wider = titles(width + 1);
            assert!(titles(width).iter().all(|t| wider.contains(t)), "{width}");
        }
    }

    #[test]
    fn columns_never_leave_the_screen_or_overlap() {
        for width in 0..300 {
            for longest in [0, 5, 24, 200] {
                let columns = Columns::fit(width, needs(longest, longest));
                let mut end = 0;
                for cell in columns.cells() {
                    assert!(cell.x >= end, "{width}: {cell:?}");
                    end = cell.x + cell.width;
                }
                assert!(end <= width, "{width}: {columns:?}");
            }
        }
    }

    #[test]
    fn a_column_seen_at_a_width_is_seen_at_every_greater_one() {
        for width in 1..250 {
            let wider = titles(width + 1);
            assert!(titles(width).iter().all(|t| wider.contains(t)), "{width}");
        }
    }

    #[test]
    fn the_mouse_finds_the_column_it_sees() {
        let columns = Columns::fit(120, needs(24, 30));
        for cell in columns.cells() {
            assert_eq!(columns.at(cell.x), Some(cell.column));
            assert_eq!(columns.at(cell.x + cell.width - 1), Some(cell.column));
        }
    }
}
