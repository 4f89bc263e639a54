//! The first two lines: who and where, how many stand how, the machine, live or not; and what is
//! wrong.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::board::{Loudness, severity_role};
use super::super::ledger::Recording;
use super::super::model::Model;
use super::super::widget::text;
use super::{health_glyph, health_role};
use crate::alert::Severity;
use crate::config::Role;
use crate::fleet::{Health, HostUsage, Link, Strain};
use crate::text::human;

/// A piece of the header. What has the smallest number falls away first.
struct Piece {
    keep: u8,
    right: bool,
    spans: Vec<Span<'static>>,
}

impl Piece {
    fn width(&self) -> usize {
        self.spans.iter().map(|s| text::width(&s.content)).sum()
    }
}

/// What changes what every key means.
fn badge_words(model: &Model) -> impl Iterator<Item = &'static str> {
    let unrecorded = match model.ledger.recording {
        Recording::On => false,
        // The demo's world forgets everything anyway.
        Recording::Unwanted => !model.demo,
        Recording::Broken { .. } => true,
    };
    let badges = [
        (model.demo, " DEMO "),
        (model.settings.read_only, " READ-ONLY "),
        (unrecorded, " NOT RECORDED "),
        (!model.ledger.left.is_empty(), " UNFINISHED "),
    ];
    badges.into_iter().filter_map(|(on, word)| on.then_some(word))
}

/// The badges alone, at the right end of a screen too low for a header.
pub(super) fn badges(model: &Model, area: Rect, buf: &mut Buffer) {
    let mut end = area.right();
    for word in badge_words(model) {
        let width = (word.len() as u16).min(end - area.x);
        end -= width;
        let at = Rect { x: end, width, height: area.height.min(1), ..area };
        text::put(buf, at, 0, &Line::styled(word, model.skin.theme.style(Role::Badge)));
    }
}

/// The header line.
pub(super) fn header(model: &Model, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &model.skin.theme;
    let base = theme.style(if model.on_protected() { Role::HeaderProtected } else { Role::Header });
    buf.set_style(area, base);
    let room = usize::from(area.width);
    let wide = |pieces: &[Piece]| pieces.iter().map(Piece::width).sum::<usize>() > room;
    let mut pieces = pieces(model, base);
    if wide(&pieces)
        && let Some(name) = pieces.first_mut()
    {
        name.spans = vec![Span::styled(" qd ", theme.style(Role::Title))];
    }
    while wide(&pieces) && pieces.len() > 1 {
        let Some(least) = pieces.iter().enumerate().min_by_key(|(_, p)| p.keep).map(|(i, _)| i) else {
            break;
        };
        pieces.remove(least);
    }
    let (right, left): (Vec<Piece>, Vec<Piece>) = pieces.into_iter().partition(|p| p.right);
    let line = |pieces: Vec<Piece>| Line::from(pieces.into_iter().flat_map(|p| p.spans).collect::<Vec<_>>());
    let (left, right) = (line(left), line(right));
    let right_width = u16::try_from(right.width()).unwrap_or(area.width).min(area.width);
    text::put(buf, area, 0, &left);
    let at = Rect { x: area.x + area.width - right_width, width: right_width, ..area };
    text::put(buf, at, 0, &right);
}

fn pieces(model: &Model, base: Style) -> Vec<Piece> {
    let theme = &model.skin.theme;
    let mut pieces = Vec::new();
    let mut add = |keep, right, spans: Vec<Span<'static>>| pieces.push(Piece { keep, right, spans });
    add(90, false, vec![Span::styled(" quarterdeck ", theme.style(Role::Title))]);
    // Badges are the last to go: what they say changes what every key means.
    for word in badge_words(model) {
        add(100, false, vec![Span::styled(word, theme.style(Role::Badge)), Span::styled(" ", base)]);
    }
    if model.on_protected() {
        add(96, false, vec![Span::styled("PROTECTED ", base)]);
    }
    let open = incidents(model, base);
    if !open.is_empty() {
        add(92, false, open);
    }
    if let Some(engine) = model.fleet.engine() {
        let host = text::clip(&engine.host, 30, model.skin.glyphs.ellipsis);
        if !host.is_empty() {
            add(60, false, vec![Span::styled(format!("{host} "), base)]);
        }
        add(50, false, vec![Span::styled(format!("· {} {} ", engine.kind, engine.version), base)]);
    }
    if model.reached() {
        let counts = model.headline.counts;
        let noun = |n: u32, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        let all = format!("· {} {} ", noun(counts.services, "service"), noun(counts.replicas, "replica"));
        add(40, false, vec![Span::styled(all, base)]);
        let stands = [
            (counts.well, Health::Healthy),
            (counts.ailing, Health::Degraded),
            (counts.broken, Health::Down),
            (counts.stopped, Health::Stopped),
        ];
        let spans: Vec<Span<'static>> = stands
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, health)| {
                let word = format!("{}{count} ", health_glyph(model, health));
                Span::styled(word, base.patch(theme.style(health_role(health))))
            })
            .collect();
        add(80, true, spans);
    }
    if let Some(host) = model.fleet.host() {
        // The counts by state say more than the sums at the left; what is strained more than both.
        for (keep, (strain, words)) in (41..=45).rev().zip(host_words(host)) {
            let (keep, style) = match strain {
                Strain::None => (keep, base),
                Strain::Warn => (keep + 40, base.patch(theme.style(Role::Warn))),
                Strain::Bad => (keep + 49, base.patch(theme.style(Role::Bad))),
            };
            add(keep, true, vec![Span::styled(format!("{words} "), style)]);
        }
    }
    add(95, true, live(model, base));
    pieces
}

/// `▲ 1 critical 2 high`: incidents somebody has to look at; those that somebody has, or that are
/// muted, only where there is none of these.
fn incidents(model: &Model, base: Style) -> Vec<Span<'static>> {
    let theme = &model.skin.theme;
    let count = |severity: Severity| model.board.loud().filter(|it| it.severity == severity).count();
    let loud = Severity::ALL.into_iter().map(|severity| (severity, count(severity)));
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (severity, count) in loud.filter(|(_, count)| *count > 0) {
        let style = base.patch(theme.style(severity_role(severity)));
        if spans.is_empty() {
            spans.push(Span::styled(format!("{} ", model.skin.glyphs.warn), style));
        }
        spans.push(Span::styled(format!("{count} {severity} "), style));
    }
    if spans.is_empty() {
        let quiet = [(Loudness::Seen, "seen"), (Loudness::Muted, "muted")];
        for (loudness, word) in quiet {
            match model.board.count(loudness) {
                0 => {}
                count => spans.push(Span::styled(format!("{count} {word} "), base)),
            }
        }
        if !spans.is_empty() {
            spans.insert(0, Span::styled(format!("{} ", model.skin.glyphs.warn), base));
        }
    }
    spans
}

/// The machine in whole percent, so that the line does not flicker; most telling first.
/// After CPU, memory and disk what else is strained, at most two of it.
fn host_words(host: &HostUsage) -> Vec<(Strain, String)> {
    let mut words = Vec::new();
    if let Some(cpu) = host.cpu {
        words.push((Strain::None, format!("cpu {:>3.0}%", cpu * 100.0)));
    }
    let memory = match (host.memory, host.memory_total) {
        (Some(used), Some(total)) => Some(format!("mem {}/{}", human::bytes(used), human::bytes(total))),
        (Some(used), None) => Some(format!("mem {}", human::bytes(used))),
        _ => None,
    };
    words.extend(memory.map(|memory| (host.memory_strain(), memory)));
    let disk = host.disk_share().map(|share| format!("disk {:.0}%", share * 100.0));
    words.extend(disk.map(|disk| (host.disk_strain(), disk)));
    words.extend(host.strains().into_iter().take(2));
    words
}

/// Live, or how old what is shown is. The age ticks only while it says something.
fn live(model: &Model, base: Style) -> Vec<Span<'static>> {
    let theme = &model.skin.theme;
    let glyphs = &model.skin.glyphs;
    let (role, words) = match model.fleet.link() {
        Some(Link::Live) => (Role::Ok, format!("{} live ", glyphs.live)),
        None => (Role::Info, format!("{} connecting ", glyphs.ellipsis)),
        Some(Link::Lost { .. }) => {
            let words = match model.fleet.as_of() {
                Some(at) => format!("{} lost, {} old ", glyphs.bad, human::age_at(at, model.now)),
                None => format!("{} no engine ", glyphs.bad),
            };
            (Role::Bad, words)
        }
    };
    vec![Span::styled(words, base.patch(theme.style(role)))]
}

/// The second line: what is wrong and what changed.
pub(super) fn situation(model: &Model, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &model.skin.theme;
    let cols = usize::from(area.width.saturating_sub(2));
    let (role, words) = match model.fleet.link() {
        Some(Link::Lost { why, retry_in, .. }) if model.reached() => {
            let left = model.left_of(*retry_in);
            (Role::Bad, format!("{why} · what you see is old · trying again in {left} s"))
        }
        _ if !model.reached() => (Role::Dim, String::new()),
        _ => {
            let situation = &model.headline.situation;
            (health_role(situation.worst), situation.fit(cols))
        }
    };
    let words = text::clip(&words, cols, model.skin.glyphs.ellipsis);
    text::put(buf, area, 0, &Line::from(vec![Span::raw(" "), Span::styled(words, theme.style(role))]));
}
