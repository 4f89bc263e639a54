//! Globs: `*` and `?`, as people write them for names.

/// Glob match in linear time and no recursion: a hostile pattern can't make it slow. `*` is any
/// run of characters, `?` any one; nothing else is special.
pub fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut g, mut t) = (0, 0);
    // Where the last `*` was, and how much of the text it has swallowed so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, t));
                g += 1;
            }
            Some(&c) if c == '?' || Some(&c) == text.get(t) => {
                g += 1;
                t += 1;
            }
            _ => match star {
                Some((at, eaten)) => {
                    star = Some((at, eaten + 1));
                    g = at + 1;
                    t = eaten + 1;
                }
                None => return false,
            },
        }
    }
    glob.get(g..).is_none_or(|rest| rest.iter().all(|&c| c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, text, yes) in [
            ("prod", "prod", true),
            ("prod", "production", false),
            ("prod*", "production", true),
            ("*-prod", "shop-prod", true),
            ("*-prod", "shop-prod-2", false),
            ("sh?p", "shop", true),
            ("sh?p", "shp", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a*b*c", "a--b--b--c", true),
            ("a*b*c", "a--c--b", false),
        ] {
            assert_eq!(matches(glob, text), yes, "{glob} {text}");
        }
    }
}
