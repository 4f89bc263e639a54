//! How far back the charts go, and what a column of them stands for.

/// How far back the charts go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Window {
    #[default]
    Minutes5,
    Hour,
}

impl Window {
    pub(super) fn seconds(self) -> i64 {
        match self {
            Self::Minutes5 => 300,
            Self::Hour => 3600,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Minutes5 => "5 min",
            Self::Hour => "1 h",
        }
    }

    /// Seconds a column stands for, so that the window fits into `cols` columns; and how many
    /// columns that makes.
    pub(super) fn slices(self, cols: u16) -> (i64, usize) {
        const FINE: &[i64] = &[5, 10, 15, 30, 60, 150];
        const COARSE: &[i64] = &[30, 60, 120, 300, 600, 1800];
        let steps = if self == Self::Hour { COARSE } else { FINE };
        let fits = |step: &&i64| self.seconds() / **step <= i64::from(cols.max(1));
        let step = steps.iter().find(fits).copied().unwrap_or_else(|| self.seconds());
        (step, (self.seconds() / step) as usize)
    }

    /// The time axis for slices of `step` seconds.
    pub(super) fn ticks(self, step: i64) -> Vec<(usize, String)> {
        let minute = if self == Self::Hour { 10 } else { 1 };
        let mut ticks = vec![(0, "now".to_owned())];
        for n in 1..=(self.seconds() / 60 / minute) {
            ticks.push(((n * minute * 60 / step) as usize, format!("-{}m", n * minute)));
        }
        ticks
    }
}
