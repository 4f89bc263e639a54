//! Names replicas bear while an operation replaces them: `NAME.qd-TOKEN.new` before the swap,
//! `NAME.qd-TOKEN.old` after it.
//!
//! The name alone says it, so that whoever looks (another qd, a person at `docker ps`) sees what
//! is an operation's and to whose place it belongs.

/// A spare's name, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpareName<'n> {
    /// The name of the replica whose place it has or had.
    pub base: &'n str,
    /// The token of the operation it belongs to.
    pub token: &'n str,
    /// Which side of the swap it is on.
    pub side: Side,
}

/// Which side of a swap a spare is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The successor, not yet in its place.
    New,
    /// The predecessor, set aside until the operation is sure.
    Old,
}

impl Side {
    const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }
}

impl<'n> SpareName<'n> {
    /// `name` taken apart; `None` for a name that is no spare's.
    pub fn parse(name: &'n str) -> Option<Self> {
        let (rest, side) = [Side::New, Side::Old].into_iter().find_map(|side| {
            let rest = name.strip_suffix(side.word())?.strip_suffix('.')?;
            Some((rest, side))
        })?;
        let (base, token) = rest.rsplit_once(".qd-")?;
        (!base.is_empty() && is_token(token)).then_some(Self { base, token, side })
    }

    /// The name a spare of `base` bears during the operation with that token.
    pub fn of(base: &str, token: &str, side: Side) -> String {
        format!("{base}.qd-{token}.{}", side.word())
    }
}

/// Whether an operation's token makes names that are known for spares': 3–12 of `a`–`z`, `0`–`9`.
pub fn is_token(token: &str) -> bool {
    (3..=12).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spares_name_says_whose_place_it_is() {
        for side in [Side::New, Side::Old] {
            let name = SpareName::of("shop_api_1", "x7k2q", side);
            let parsed = SpareName::parse(&name);
            assert_eq!(parsed, Some(SpareName { base: "shop_api_1", token: "x7k2q", side }), "{name}");
        }
        assert_eq!(SpareName::of("api", "x7k2q", Side::Old), "api.qd-x7k2q.old");
    }

    #[test]
    fn other_names_are_not() {
        for name in [
            "api",
            "api.old",
            "api.qd-x7k2q",
            "api.qd-x7k2q.older",
            "api.qd-x7.old",
            "api.qd-X7K2Q.old",
            "api.qd-abcdefghijklm.old",
            ".qd-x7k2q.old",
            "api.qd-x7k2q.old.bak",
            "api-qd-x7k2q.new",
        ] {
            assert_eq!(SpareName::parse(name), None, "{name}");
        }
    }
}
