//! Whether a service can be asked about itself, on the health tab: each thing that is asked, and what
//! is wrong with the answer. The figures are on the stats tab.

use ratatui::text::Span;

use super::sheet::{Sheet, View};
use super::{scope, words};
use crate::config::Role;
use crate::fleet::{Replica, Scraped};
use crate::text::human;

/// What `replica` and its service as a whole are asked; nothing where that is nothing.
pub(super) fn list<'a>(view: &View<'a>, sheet: &mut Sheet<'a>, replica: Option<&Replica>) {
    let scene = view.scene;
    let Some(service) = scope::service_of(scene.fleet, scene.target) else { return };
    let of = |scraped: &&Scraped| match &scraped.replica {
        Some(id) => replica.is_some_and(|replica| replica.id == *id),
        None => true,
    };
    let mut scrapes = scene.fleet.scrapes(&service).filter(of).peekable();
    if scrapes.peek().is_none() {
        return;
    }
    sheet.head_with("METRICS", "what it says of itself; the figures are on the stats tab");
    for scraped in scrapes {
        one(view, sheet, scraped);
    }
}

fn one(view: &View<'_>, sheet: &mut Sheet<'_>, scraped: &Scraped) {
    let scene = view.scene;
    let glyphs = scene.look.glyphs;
    let (glyph, role) = match (&scraped.result, &scraped.remark) {
        (Err(_), _) => (glyphs.bad, Role::Bad),
        (Ok(_), Some(_)) => (glyphs.warn, Role::Warn),
        (Ok(_), None) => (glyphs.ok, Role::Ok),
    };
    let took = scraped.took.map_or_else(String::new, |took| format!(", took {}", human::latency(took)));
    let every = human::duration(scraped.interval);
    let told = format!("asked {}{took}; every {every}", words::ago(scraped.at, scene.now));
    sheet.row(vec![
        Span::styled(format!(" {glyph} "), sheet.style(role)),
        Span::styled(format!("{:<24} ", scraped.source), sheet.style(Role::Text)),
        Span::styled(told, sheet.style(Role::Dim)),
    ]);
    match scraped.complaint() {
        Some(complaint) => sheet.say(role, 3, &complaint),
        None => sheet.say(Role::Dim, 3, &scraped.whole),
    }
}
