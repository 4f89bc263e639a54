//! The characters with a meaning, in Unicode and in ASCII, and which of the two a terminal gets.

use super::depth::Env;

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
    /// The characters for this terminal: what the user set, else Unicode where the locale is UTF-8
    /// and the terminal's font can be expected to have them (the Linux console's can't).
    pub fn choose(ascii: Option<bool>, env: Env<'_>) -> &'static Self {
        let ascii = ascii
            .unwrap_or_else(|| !is_utf8(env) || matches!(env("TERM").as_deref(), Some("linux" | "dumb")));
        if ascii { &Self::ASCII } else { &Self::UNICODE }
    }

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

/// Whether the locale for characters is UTF-8: the first of these that is set decides, as in the
/// C library. Windows consoles are Unicode whatever they say.
fn is_utf8(env: Env<'_>) -> bool {
    if cfg!(windows) {
        return true;
    }
    ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env(name).filter(|v| !v.is_empty())).is_some_and(
        |v| {
            let v = v.to_ascii_lowercase();
            v.contains("utf-8") || v.contains("utf8")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr as _;

    fn chosen(ascii: Option<bool>, vars: &[(&str, &str)]) -> bool {
        let env = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        *Glyphs::choose(ascii, &env) == Glyphs::ASCII
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        assert!(!chosen(None, &[("LANG", "en_US.UTF-8")]));
        assert!(!chosen(None, &[("LANG", "C.utf8"), ("LC_ALL", "")]));
        assert!(chosen(None, &[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]));
        assert!(!chosen(None, &[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")]));
        assert!(chosen(None, &[("LANG", "de_DE.ISO-8859-1")]));
        assert!(chosen(None, &[]));
    }

    #[test]
    fn poor_terminals_get_ascii_unless_the_user_says_otherwise() {
        let linux = [("LANG", "C.UTF-8"), ("TERM", "linux")];
        assert!(chosen(None, &linux));
        assert!(!chosen(Some(false), &linux));
        assert!(chosen(Some(true), &[("LANG", "C.UTF-8"), ("TERM", "xterm-256color")]));
    }

    #[test]
    fn glyphs_take_one_column_and_ascii_is_ascii() {
        let all = |g: &'static Glyphs| {
            let one = [
                g.ok,
                g.running,
                g.warn,
                g.bad,
                g.stopped,
                g.paused,
                g.open,
                g.folded,
                g.mark,
                g.live,
                g.restarts,
                g.arrow,
                g.ascending,
                g.descending,
                g.line,
                g.bar,
                g.ellipsis,
                g.missing,
            ];
            one.into_iter().chain(g.spark.iter().copied()).collect::<Vec<_>>()
        };
        for glyph in all(&Glyphs::UNICODE).into_iter().chain(all(&Glyphs::ASCII)) {
            assert_eq!(glyph.width(), 1, "{glyph}");
        }
        assert!(all(&Glyphs::ASCII).iter().all(|g| g.is_ascii()));
        assert!(Glyphs::ASCII.cut.is_ascii());
        assert_eq!(Glyphs::UNICODE.spark.len(), Glyphs::ASCII.spark.len());
    }
}
