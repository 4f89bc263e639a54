//! `qd scale SERVICE N`, `qd scale SERVICE=N …`.

use super::act::{self, How};
use super::args::ScaleArgs;
use super::exit::{CliError, Exit};
use super::session::Session;
use super::target;
use crate::operate::{Change, Intent, Target};

/// Run so many replicas of each.
pub(super) async fn run(session: &mut Session, args: &ScaleArgs) -> Result<Exit, CliError> {
    let wanted = counts(&args.counts)?;
    let scene = act::look(session, &args.ask).await?;
    // Services of the same count are one operation.
    let mut intents: Vec<Intent> = Vec::new();
    let mut aimed: Vec<Target> = Vec::new();
    for (name, to) in wanted {
        let target = target::resolve(&scene.fleet, name, args.project.as_deref())?;
        let target = target::service(&scene.fleet, target, name)?;
        if aimed.contains(&target) {
            return Err(CliError::usage(format!("{name} is named twice"), "Give every service one count."));
        }
        aimed.push(target.clone());
        match intents.iter_mut().find(|intent| intent.change == Change::Scale { to }) {
            Some(intent) => intent.targets.push(target),
            None => intents.push(Intent { change: Change::Scale { to }, targets: vec![target] }),
        }
    }
    act::run(session, &scene, intents, &How::new(&args.ask, &args.gate)).await
}

/// `api 3`, `api=3 web=2`, or both.
fn counts(words: &[String]) -> Result<Vec<(&str, u32)>, CliError> {
    let mut counts = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, count) = match word.rsplit_once('=') {
            Some((name, count)) => (name, Some(count)),
            None => (word.as_str(), words.next().map(String::as_str)),
        };
        let parsed = count.and_then(|count| count.parse().ok());
        let (Some(count), false) = (parsed, name.is_empty()) else {
            let said =
                count.map_or_else(|| format!("{name:?} has no count"), |c| format!("{c:?} is no count"));
            return Err(CliError::usage(
                said,
                "Write SERVICE N, or SERVICE=N for each: qd scale api=3 web=2.",
            ));
        };
        counts.push((name, count));
    }
    Ok(counts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Vec<(String, u32)>, String> {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        counts(&words)
            .map(|all| all.into_iter().map(|(name, n)| (name.to_owned(), n)).collect())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn counts_are_written_two_ways() {
        let api = |n| ("shop/api".to_owned(), n);
        assert_eq!(of(&["shop/api", "3"]).unwrap(), [api(3)]);
        assert_eq!(of(&["shop/api=0"]).unwrap(), [api(0)]);
        assert_eq!(of(&["shop/api=3", "web", "2"]).unwrap(), [api(3), ("web".to_owned(), 2)]);
    }

    #[test]
    fn what_is_no_count_is_named() {
        for (words, said) in [
            (&["api"][..], "\"api\" has no count"),
            (&["api=many"], "\"many\" is no count"),
            (&["api=-1"], "\"-1\" is no count"),
            (&["=3"], "\"3\" is no count"),
            (&["api", "3", "web"], "\"web\" has no count"),
        ] {
            assert_eq!(of(words).unwrap_err(), said, "{words:?}");
        }
    }
}
