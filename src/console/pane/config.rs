//! The config tab: what a replica was made from and with, section by section.

use super::dossier::Known;
use super::sheet::{Sheet, View};
use crate::config::Role;

/// Build the page.
pub(super) fn build(view: &View<'_>, sheet: &mut Sheet<'_>) {
    let Some(replica) = view.dossier.shown(view.scene) else { return };
    match view.dossier.known(&replica.id) {
        Known::Waiting => sheet.say(Role::Dim, 0, "asking the engine…"),
        Known::Failed(error) => sheet.say(Role::Bad, 0, &error.to_string()),
        Known::Details(details, _) => {
            sheet.head("image");
            sheet.pairs([("id", details.replica.image.id.to_string(), Role::Text)]);
        }
    }
}
