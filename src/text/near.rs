//! The name that was meant by one that nobody knows: slips of the finger.

/// The known name a misspelt one was most likely meant to be; `None` when nothing is close.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any name we know: not a slip of the finger, and the table below is quadratic.
    if name.len() > 64 {
        return None;
    }
    let name = name.to_lowercase();
    let allowed = ((name.chars().count() + 1) / 3).max(1);
    known
        .into_iter()
        .map(|k| (distance(&name, &k.to_lowercase()), k))
        .filter(|&(d, k)| d <= allowed || (name.len() > 2 && k.starts_with(name.as_str())))
        .min_by_key(|&(d, _)| d)
        .map(|(_, k)| k)
}

/// " (did you mean `x`?)" or nothing: the middle of a sentence about an unknown name.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |k| format!(" (did you mean `{k}`?)"))
}

/// Edit distance where swapping neighbours counts as one slip (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_understood() {
        let known = ["restart", "remove", "sort-next", "sort-reverse"];
        assert_eq!(nearest("restrat", known), Some("restart"));
        assert_eq!(nearest("Restart", known), Some("restart"));
        assert_eq!(nearest("rem", known), Some("remove"));
        assert_eq!(nearest("deploy", known), None);
        assert_eq!(nearest(&"x".repeat(1000), known), None);
    }
}
