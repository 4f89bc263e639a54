//! What the journal knows of the hour before a death.

use jiff::{SignedDuration, Timestamp};

use super::{Moment, Note, Record, Sight};
use crate::fleet::{Image, Revision};
use crate::journal::timeline::{Timeline, What};
use crate::journal::{IncidentQuery, Journal, JournalError, OperationRecord, Query};

/// How far back.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// An operation's last effects come this long after it ended.
const ECHO: SignedDuration = SignedDuration::from_secs(2);
/// A replica is made and seen to run within this time.
const TOGETHER: SignedDuration = SignedDuration::from_secs(10);
/// Events looked at.
const EVENTS: u32 = 500;
/// Moments kept.
const MOMENTS: usize = 60;
/// Incidents this long over still count.
const LATELY: SignedDuration = SignedDuration::from_mins(10);

/// Add it to the record.
pub(super) async fn tell(journal: &Journal, sight: &Sight, it: &mut Record) -> Result<(), JournalError> {
    let (service, at) = (&sight.replica.service, it.at);
    let since = at - HOUR;
    let query = Query {
        instance: Some(sight.instance.clone()),
        service: Some(service.clone()),
        since: Some(since),
        limit: None,
    };
    let operations = journal.operations(query.clone()).await?;
    it.planned = operations.iter().find(|operation| covers(operation, at)).map(|operation| {
        let begun = &operation.begun;
        format!("operation {} of quarterdeck ({} by {})", operation.id, begun.change, begun.who.words())
    });
    let events = journal.events(Query { limit: Some(EVENTS), ..query.clone() }).await?;
    let timeline = Timeline::of(operations, events, Vec::new());
    for moment in timeline.moments.iter().filter(|moment| moment.at >= since && moment.at <= at) {
        let told = Moment { at: moment.at, what: moment.sentence(), by: moment.who() };
        match moment.what {
            What::Operation(_) => it.changes.push(told),
            What::Event { .. } | What::Reveal(_) => it.before.push(told),
        }
    }
    it.before.drain(..it.before.len().saturating_sub(MOMENTS));
    let revisions = journal.revisions(&sight.instance, service).await?;
    it.changes.extend(seen(&revisions, since, at));
    let made = sight.replica.created;
    // What came to run with it says more.
    let told = it.changes.iter().any(|change| change.at.duration_since(made).abs() <= TOGETHER);
    if made >= since && made <= at && !told {
        let what = format!("the replica was made, of {}", image(&sight.replica.image));
        it.changes.push(Moment { at: made, what, by: String::new() });
    }
    it.changes.sort_by_key(|change| change.at);
    let incidents =
        journal.incidents(IncidentQuery { of: Query { since: Some(at - LATELY), ..query }, open: false });
    for (_, incident) in incidents.await? {
        if incident.since <= at {
            let note = Note { id: incident.id, at: incident.since, what: incident.sentence() };
            it.incidents.push(note);
        }
    }
    Ok(())
}

/// Whether an operation was at it at that time.
fn covers(operation: &OperationRecord, at: Timestamp) -> bool {
    operation.at <= at && operation.ended.map_or(operation.alive, |ended| at <= ended + ECHO)
}

/// What came to run without quarterdeck.
fn seen(revisions: &[Revision], since: Timestamp, at: Timestamp) -> impl Iterator<Item = Moment> {
    let within = move |r: &&Revision| r.by.is_none() && r.first_seen >= since && r.first_seen <= at;
    revisions.iter().filter(within).filter_map(|after| {
        let before = revisions.iter().filter(|r| r.number < after.number).max_by_key(|r| r.number)?;
        let what = if before.image.id == after.image.id {
            "its settings changed (not by quarterdeck)".to_owned()
        } else {
            format!(
                "its image changed from {} to {} (not by quarterdeck)",
                image(&before.image),
                image(&after.image)
            )
        };
        Some(Moment { at: after.first_seen, what, by: String::new() })
    })
}

fn image(image: &Image) -> String {
    match (image.reference.is_empty(), image.id.is_empty()) {
        (_, true) => image.reference.to_string(),
        (true, false) => image.short_id().to_owned(),
        (false, false) => format!("{} ({})", image.reference, image.short_id()),
    }
}
