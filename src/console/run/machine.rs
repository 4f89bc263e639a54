//! Reading the machine for the pages about it, beside the screen.

use std::sync::Arc;

use super::super::Msg;
use super::effects::Work;
use crate::engine::{Engine, EngineError};
use crate::fleet::Fleet;
use crate::probe::{Tools, reach};

fn said(error: &EngineError) -> String {
    format!("{error}. {}", error.remedy())
}

impl Work {
    /// Read the sockets of the engine's machine.
    pub(super) fn listeners(&self) {
        let asked = self.engine().listeners();
        self.answer(async move { Msg::Listeners(asked.await.map_err(|e| said(&e))) });
    }

    /// Ask every port whether anybody answers.
    pub(super) fn answers(&self, fleet: &Fleet) {
        let asked = reach(&Tools::new(self.engine()), fleet, |_| true);
        self.answer(async move { Msg::Answers(asked.await) });
    }

    /// Read the file systems of the engine's machine.
    pub(super) fn storage(&self) {
        let asked = self.engine().storage();
        self.answer(async move { Msg::Storage(asked.await.map_err(|e| said(&e))) });
    }

    /// Let the engine add up what it keeps.
    pub(super) fn disk_use(&mut self, number: u64) {
        let asked = self.engine().disk_use();
        let task = self.answer(async move { Msg::DiskUse(number, asked.await.map_err(|e| said(&e))) });
        self.end_disk_use();
        self.adding_up = Some(task);
    }

    /// Nobody waits for it any more: the call ends, and with it the engine's work.
    pub(super) fn end_disk_use(&mut self) {
        if let Some(task) = self.adding_up.take() {
            task.abort();
        }
    }

    fn engine(&self) -> Arc<dyn Engine> {
        self.hands.engine.clone()
    }
}
