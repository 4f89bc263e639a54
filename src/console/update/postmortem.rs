//! Why something died: asked for, read, saved.

use crossterm::event::KeyEvent;

use super::super::Effect;
use super::super::dialog::{Dialog, PostMortem, Then};
use super::super::model::Model;
use super::super::pane::Target;
use super::super::widget::Scroll;
use super::{ask, dialogs};
use crate::action::Action;
use crate::config::{Chord, Context, Lookup};
use crate::fleet::ServiceId;
use crate::postmortem::{Found, markdown};

/// What an [`Effect::PostMortem`] brought: the post-mortem, and the numbers of all that are kept of the
/// service, newest first; `None`: nothing of it has died.
pub type Answer = Result<Option<(Box<Found>, Vec<i64>)>, String>;

/// The frame, and the line of keys.
const FRAME: u16 = 3;

/// Ask for the last one of the row.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let service = match model.grid.selected() {
        Some(Target::Service(id)) => Some(id.clone()),
        Some(Target::Replica(id)) => model.fleet.replica(id).map(|replica| replica.service.clone()),
        Some(Target::Project(_)) | None => None,
    };
    let Some(service) = service else {
        model.refuse("a service or a replica can have died: select one");
        return Vec::new();
    };
    look(model, service, None)
}

fn look(model: &mut Model, service: ServiceId, id: Option<i64>) -> Vec<Effect> {
    let what = format!("why {} died", service.name);
    let number = ask::looking(model, what, Then::PostMortem(service.clone()));
    vec![Effect::PostMortem(number, service, id)]
}

/// It came.
pub(super) fn came(model: &mut Model, number: u64, answer: Answer) {
    let Some(Then::PostMortem(service)) = ask::looked(model, number) else { return };
    // One that was turned over makes way.
    if let Some(Dialog::PostMortem(open)) = model.dialogs.last()
        && open.service == service
    {
        model.dialogs.pop();
    }
    match answer {
        Ok(Some((found, kept))) => {
            let page = PostMortem { service, found: *found, kept, scroll: Scroll::default() };
            model.dialogs.push(Dialog::PostMortem(Box::new(page)));
        }
        Ok(None) => model.refuse(format!("nothing of {} has died, as far as anybody knows", service.name)),
        Err(why) => model.fail(format!("no post-mortem of {}: {why}", service.name)),
    }
}

/// A key for the page, which was taken off the stack.
pub(super) fn key(model: &mut Model, mut page: Box<PostMortem>, key: KeyEvent) -> Vec<Effect> {
    let meant = model.skin.keymap.lookup(Context::Pane, &[Chord::from(key)]);
    let effects = match meant {
        Lookup::Action(Action::SaveLogs) => {
            let stem = format!("postmortem-{}", page.service.path());
            vec![Effect::Save { stem, extension: "md", text: report(model, &page) }]
        }
        Lookup::Action(Action::CopyLogs) => {
            model.say("copied as Markdown (where the terminal allows OSC 52)");
            vec![Effect::Copy(report(model, &page))]
        }
        Lookup::Action(side @ (Action::Left | Action::Right)) => {
            let Some(id) = page.neighbour(side == Action::Left) else {
                model.refuse(if side == Action::Left {
                    "there is no older one"
                } else {
                    "there is no newer one"
                });
                model.dialogs.push(Dialog::PostMortem(page));
                return Vec::new();
            };
            let service = page.service.clone();
            model.dialogs.push(Dialog::PostMortem(page));
            return look(model, service, Some(id));
        }
        _ => match dialogs::moving(model, key) {
            Some(Action::Cancel | Action::Quit | Action::PostMortem) => return Vec::new(),
            Some(action) => {
                let area = Dialog::page(model.size);
                let cols = usize::from(area.width.saturating_sub(4));
                let total = page.lines(model.skin.look(), model.now, cols).len();
                page.scroll.act(action, total, usize::from(area.height.saturating_sub(FRAME)));
                Vec::new()
            }
            None => Vec::new(),
        },
    };
    model.dialogs.push(Dialog::PostMortem(page));
    effects
}

fn report(model: &Model, page: &PostMortem) -> String {
    markdown(&page.page(model.skin.utc, model.now))
}
