//! Which earlier revision to go back to.
//!
//! Pure. An image is told from another by its id, so a tag that moved is two revisions.

use super::{Change, Refusal};
use crate::fleet::{Image, Revision};

/// Which revision is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Back {
    /// The newest that is not what runs.
    #[default]
    Newest,
    /// That many different images back: 1 is [`Back::Newest`].
    By(u32),
    /// The one of that number in the service's history.
    To(u32),
}

/// The revision to go back to. `revisions` in any order; `current` is what runs now. Whether its
/// image is still there is for the plan to say.
///
/// # Errors
/// A [`Refusal`] when there is no such revision, or it is what runs.
pub fn choose<'a>(revisions: &'a [Revision], back: Back, current: &Image) -> Result<&'a Revision, Refusal> {
    let verb = || Change::Rollback { to: current.clone(), revision: None };
    let nothing = |why: String, remedy: &str| Refusal::Nothing { verb: verb(), why, remedy: remedy.into() };
    let mut newest_first: Vec<&Revision> = revisions.iter().collect();
    newest_first.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    let is_current = |revision: &Revision| {
        if revision.image.id.is_empty() || current.id.is_empty() {
            revision.image.reference == current.reference
        } else {
            revision.image.id == current.id
        }
    };
    let wanted = match back {
        Back::To(number) => {
            let found = newest_first.into_iter().find(|revision| revision.number == number);
            let Some(revision) = found else {
                return Err(nothing(
                    format!("there is no revision {number}"),
                    "qd history SERVICE lists those there are.",
                ));
            };
            if is_current(revision) {
                let why = format!("it runs revision {number} already ({})", revision.image.tag());
                return Err(nothing(why, "qd history SERVICE lists the others."));
            }
            return Ok(revision);
        }
        Back::Newest | Back::By(0) => 1,
        Back::By(count) => count,
    };
    let mut different: Vec<&Revision> = Vec::new();
    for revision in newest_first {
        let known = |other: &&Revision| {
            other.image.id == revision.image.id
                && (!other.image.id.is_empty() || other.image.reference == revision.image.reference)
        };
        if !is_current(revision) && !different.iter().any(known) {
            different.push(revision);
        }
    }
    let index = usize::try_from(wanted - 1).unwrap_or(usize::MAX);
    different.get(index).copied().ok_or_else(|| {
        let why = match different.len() {
            0 => "nobody saw it run another image".to_owned(),
            1 => "it was seen to run only one other image".to_owned(),
            n => format!("it was seen to run only {n} other images"),
        };
        nothing(why, "qd history SERVICE lists them; qd deploy SERVICE IMAGE takes any.")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::fleet::{EngineId, ServiceId};

    fn history(ids: &[&str]) -> Vec<Revision> {
        let service = ServiceId { engine: EngineId::new("docker"), project: None, name: "api".into() };
        let revision = |(i, id): (usize, &&str)| Revision {
            service: service.clone(),
            number: u32::try_from(i).unwrap() + 1,
            image: image(id),
            spec: None,
            first_seen: jiff::Timestamp::UNIX_EPOCH,
            last_seen: jiff::Timestamp::UNIX_EPOCH,
            by: None,
            current: i + 1 == ids.len(),
        };
        ids.iter().enumerate().map(revision).collect()
    }

    fn image(id: &str) -> Image {
        Image { reference: "api:latest".into(), id: format!("sha256:{id}").into() }
    }

    #[test]
    fn the_one_before_what_runs_whatever_its_tag() {
        for (ids, back, current, wanted) in [
            (&["a", "b"][..], Back::Newest, "b", Ok(1)),
            (&["a", "b"], Back::By(1), "b", Ok(1)),
            // After a roll-back it goes forward again.
            (&["a", "b", "a"], Back::Newest, "a", Ok(2)),
            (&["a", "b", "c"], Back::By(2), "c", Ok(1)),
            (&["a", "b", "c", "b", "d"], Back::By(2), "d", Ok(3)),
            // Somebody deployed while nobody looked: what runs is not in it.
            (&["a", "b"], Back::Newest, "x", Ok(2)),
            (&["a", "b", "c"], Back::To(1), "c", Ok(1)),
            (&["a"], Back::Newest, "a", Err("nobody saw it run another image")),
            (&[], Back::Newest, "a", Err("nobody saw it run another image")),
            (&["a", "b"], Back::By(2), "b", Err("it was seen to run only one other image")),
            (&["a", "b", "c"], Back::By(9), "c", Err("it was seen to run only 2 other images")),
            (&["a", "b"], Back::To(7), "b", Err("there is no revision 7")),
            (&["a", "b"], Back::To(2), "b", Err("it runs revision 2 already (latest)")),
        ] {
            let history = history(ids);
            let chosen = choose(&history, back, &image(current)).map(|r| r.number);
            match (chosen, wanted) {
                (Ok(number), Ok(wanted)) => assert_eq!(number, wanted, "{ids:?} {back:?}"),
                (Err(refusal), Err(why)) => {
                    assert_eq!(refusal.to_string(), format!("nothing to roll back: {why}"));
                    assert!(refusal.remedy().starts_with("qd history SERVICE"), "{}", refusal.remedy());
                }
                (chosen, wanted) => panic!("{ids:?} {back:?}: {chosen:?}, not {wanted:?}"),
            }
        }
    }
}
