//! Effects performed: each handed to whoever does it, beside the screen.

use std::io;

use super::super::{Effect, Msg};
use super::{Runner, input};

impl Runner {
    pub(super) fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Err(error) = self.effect(effect) {
                tracing::error!(%error, "the terminal");
                self.leave = true;
            }
        }
    }

    fn effect(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Quit => self.leave = true,
            Effect::Suspend => self.suspend()?,
            Effect::Redraw => {
                self.screen.forget();
                self.model.dirty = true;
            }
            Effect::Survey(number, intent) => self.work.survey(number, &intent, &self.model.fleet),
            Effect::Revisions(number, service) => self.work.revisions(number, service, &self.model.fleet),
            Effect::PostMortem(number, service, id) => {
                self.work.post_mortem(number, service, id, &self.model.fleet);
            }
            Effect::History(of) => self.work.history(of, &self.model.fleet),
            Effect::Unfinished => self.work.unfinished(&self.model.fleet),
            Effect::Acknowledge(..) | Effect::Silence { .. } | Effect::Lift(_) => self.see_to(effect),
            Effect::Run(id, plan, consent) => self.work.job(id, *plan, consent, &self.model.fleet),
            Effect::Resume(id, record, how, consent) => {
                self.work.resume(id, *record, how, consent, &self.model.fleet);
            }
            Effect::CancelJob(id) => self.work.cancel_job(id),
            Effect::Follow { number, subject, previous } => self.following.ask(number, subject, previous),
            Effect::Unfollow => self.following.end(),
            Effect::Listeners => self.work.listeners(),
            Effect::Answers => self.work.answers(&self.model.fleet),
            Effect::Storage => self.work.storage(),
            Effect::DiskUse(number) => self.work.disk_use(number),
            Effect::EndDiskUse => self.work.end_disk_use(),
            Effect::Inspect(replica) => self.work.inspect(replica),
            Effect::Reveal(replica, service) => self.work.reveal(replica, service, &self.model.fleet),
            Effect::Shell(replica) => self.work.shell(replica, self.model.size),
            Effect::Copy(text) => input::copy(&text)?,
            Effect::Save { stem, extension, text } => {
                self.work.save(self.save_dir.clone(), stem, extension, text);
            }
            Effect::Focus(replicas) => self.work.focus(replicas),
            // Small files, read where they are asked for, so that previews come in order.
            Effect::LoadTheme(name) => {
                let theme = self.library.theme(&name, self.depth);
                self.take(Msg::Theme(theme.map(Box::new).map_err(|e| e.to_string())));
            }
            Effect::LoadKeymap(name) => {
                let keymap = self.library.keymap(&name);
                self.take(Msg::Keymap(keymap.map(Box::new).map_err(|e| e.to_string())));
            }
            Effect::Mouse(on) => self.terminal.set_mouse(on)?,
        }
        Ok(())
    }
}
