//! What is remembered of one rule: the rows where it holds, held lately, or is open. Sorted by row,
//! so that going through answers and memory side by side is one pass.

use super::{Answer, BLIND, Due, End, FLAPPING, FORGET, NO, Timestamp, Turn, UNKNOWN, YES};

/// One row of one rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) row: u32,
    /// Since when it holds.
    pub(super) since: Timestamp,
    /// When its answer was known last.
    pub(super) known: Timestamp,
    /// Since when it does not hold (open ones only).
    pub(super) off: Option<Timestamp>,
    /// Whether an incident is open.
    pub(super) open: bool,
}

/// All of one rule.
#[derive(Debug, Default)]
pub(super) struct Cells {
    sorted: Vec<Cell>,
    next: Vec<Cell>,
}

impl Cells {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.sorted.iter()
    }

    pub(super) fn first(&self) -> Option<Cell> {
        self.sorted.first().copied()
    }

    /// Put one in, in the place of the one of its row.
    pub(super) fn set(&mut self, cell: Cell) {
        match self.sorted.binary_search_by_key(&cell.row, |known| known.row) {
            Ok(at) => {
                if let Some(known) = self.sorted.get_mut(at) {
                    *known = cell;
                }
            }
            Err(at) => self.sorted.insert(at, cell),
        }
    }

    pub(super) fn take(&mut self) -> Vec<Cell> {
        std::mem::take(&mut self.sorted)
    }

    /// One round of answers. `times`: how often the incident of a row has come; `busy`: whether
    /// somebody is changing what the row is of.
    pub(super) fn turn(
        &mut self,
        answers: &[Answer],
        scope: Option<&[bool]>,
        due: &Due,
        times: &impl Fn(u32) -> u32,
        busy: &impl Fn(u32) -> bool,
        tell: &mut impl FnMut(u32, Turn),
    ) {
        if self.sorted.is_empty() && !answers.contains(&YES) {
            // Nearly every rule, nearly always.
            return;
        }
        self.next.clear();
        let mut known = self.sorted.iter().copied().peekable();
        for (answer, row) in answers.iter().copied().zip(0_u32..) {
            let cell = known.next_if(|cell| cell.row == row);
            if answer != YES && cell.is_none() {
                continue;
            }
            let within = scope.is_none_or(|scope| scope.get(row as usize).copied().unwrap_or(false));
            let fresh = Cell { row, since: due.now, known: due.now, off: None, open: false };
            let next = match (within, cell) {
                (true, cell) => cell.unwrap_or(fresh).next(answer, due, times, busy, tell),
                (false, Some(cell)) => {
                    if cell.open {
                        tell(row, Turn::Closes(End::NoRule));
                    }
                    None
                }
                (false, None) => None,
            };
            self.next.extend(next);
        }
        std::mem::swap(&mut self.sorted, &mut self.next);
    }
}

impl Cell {
    /// What becomes of it with this answer; `None`: there is nothing left to remember.
    fn next(
        mut self,
        answer: Answer,
        due: &Due,
        times: &impl Fn(u32) -> u32,
        busy: &impl Fn(u32) -> bool,
        tell: &mut impl FnMut(u32, Turn),
    ) -> Option<Self> {
        let now = due.now;
        // The clock was set back: what lies ahead is not yet.
        self.since = self.since.min(now);
        let silent = now.duration_since(self.known);
        if answer != UNKNOWN {
            self.known = now;
        }
        match answer {
            YES if self.open => {
                if self.off.take().is_some() {
                    tell(self.row, Turn::Back);
                }
            }
            YES => {
                if busy(self.row) {
                    // The clock starts when they are done.
                    self.since = now;
                } else if now.duration_since(self.since) >= due.duration {
                    self.open = true;
                    tell(self.row, Turn::Opens(self.since));
                }
            }
            NO if self.open => {
                let off = self.off.get_or_insert(now);
                *off = (*off).min(now);
                let hold = if times(self.row) >= FLAPPING { due.flapping } else { due.hold };
                if now.duration_since(*off) >= hold {
                    tell(self.row, Turn::Closes(End::Over));
                    return None;
                }
            }
            NO => return None,
            _ if self.open => {
                if silent >= BLIND {
                    tell(self.row, Turn::Closes(End::Blind));
                    return None;
                }
            }
            _ => {
                if silent > FORGET {
                    return None;
                }
            }
        }
        Some(self)
    }
}
