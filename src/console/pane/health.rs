//! The health tab.

use super::sheet::{Sheet, View};

/// Build the page.
pub(super) fn build(_view: &View<'_>, _sheet: &mut Sheet<'_>) {}
