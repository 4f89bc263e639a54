//! How many colours this terminal shows.

/// The environment, as a function: so that tests need not touch the real one.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Depth {
    /// None: meaning is carried by bold, reverse, underline and words.
    None,
    /// The 16 of the terminal's own palette.
    Ansi16,
    /// The 256 of xterm.
    Indexed256,
    /// 24 bits.
    True,
}

impl Depth {
    /// What the environment says, without asking the terminal (a question nobody answers would
    /// stall the start).
    ///
    /// `NO_COLOR` and `CLICOLOR=0` are wishes and go first (`CLICOLOR_FORCE` overrules the
    /// latter only); then what `COLORTERM`, `TERM` and the terminal's own marks promise.
    pub fn detect(env: Env<'_>) -> Self {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        if set("NO_COLOR").is_some() {
            return Self::None;
        }
        let forced = set("CLICOLOR_FORCE").is_some_and(|v| v != "0");
        if !forced && set("CLICOLOR").as_deref() == Some("0") {
            return Self::None;
        }
        let term = set("TERM").unwrap_or_default().to_ascii_lowercase();
        if term == "dumb" || term.starts_with("vt") {
            return if forced { Self::Ansi16 } else { Self::None };
        }
        if matches!(set("COLORTERM").as_deref(), Some("truecolor" | "24bit")) {
            return Self::True;
        }
        let knows_true = ["-direct", "kitty", "alacritty", "foot", "wezterm", "ghostty"];
        if knows_true.iter().any(|t| term.contains(t)) || set("WT_SESSION").is_some() {
            return Self::True;
        }
        match set("TERM_PROGRAM").as_deref() {
            Some("iTerm.app" | "WezTerm" | "vscode" | "ghostty") => return Self::True,
            Some("Apple_Terminal") => return Self::Indexed256,
            _ => {}
        }
        if term.contains("256color") {
            return Self::Indexed256;
        }
        // A Windows console says nothing in TERM, and shows 24 bits since Windows 10.
        if cfg!(windows) && term.is_empty() { Self::True } else { Self::Ansi16 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(vars: &[(&str, &str)]) -> Depth {
        Depth::detect(&|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn wishes_go_before_abilities() {
        let able = ("COLORTERM", "truecolor");
        assert_eq!(detect(&[able, ("TERM", "xterm-256color")]), Depth::True);
        assert_eq!(detect(&[able, ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(detect(&[able, ("NO_COLOR", "")]), Depth::True);
        assert_eq!(detect(&[able, ("CLICOLOR", "0")]), Depth::None);
        assert_eq!(detect(&[able, ("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")]), Depth::True);
        assert_eq!(detect(&[able, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), Depth::None);
    }

    #[test]
    fn terminals_are_believed_by_their_names() {
        for (term, depth) in [
            ("xterm-256color", Depth::Indexed256),
            ("screen.xterm-256color", Depth::Indexed256),
            ("tmux-256color", Depth::Indexed256),
            ("xterm-kitty", Depth::True),
            ("xterm-direct", Depth::True),
            ("xterm", Depth::Ansi16),
            ("screen", Depth::Ansi16),
            ("linux", Depth::Ansi16),
            ("vt100", Depth::None),
            ("dumb", Depth::None),
        ] {
            assert_eq!(detect(&[("TERM", term)]), depth, "{term}");
        }
        assert_eq!(detect(&[("TERM", "xterm"), ("TERM_PROGRAM", "iTerm.app")]), Depth::True);
    }
}
