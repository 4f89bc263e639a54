//! Where a test lets qd be killed: at every point between writing a step down and having written
//! down how it ended. Not in release builds.
//!
//! `QD_TEST_CRASH=POINT:NUMBER` in the environment: qd is killed at that point of that step, as by
//! `kill -9`. The points of a step, in order, forward and on the way back (`undo-…`):
//!
//! | point | on the disk | the engine |
//! |---|---|---|
//! | `before` | nothing of this step | was not asked |
//! | `mid-before` | that it begins | was not asked |
//! | `mid-after` | that it begins | did it |
//! | `after` | that it ended | did it |
//!
//! And of the operation, with number 0: `recorded` (before the first step), `undoing` (it is written
//! down that it goes back), `ending` (all is done, and not written down).

use crate::operate::Direction;

/// A point at which qd can be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(debug_assertions), allow(dead_code))]
pub(super) enum Point {
    Recorded,
    Before(Direction, u32),
    MidBefore(Direction, u32),
    MidAfter(Direction, u32),
    After(Direction, u32),
    Undoing,
    Ending,
}

impl Point {
    #[cfg(debug_assertions)]
    fn parse(text: &str) -> Option<Self> {
        let (word, number) = text.split_once(':')?;
        let number = number.parse().ok()?;
        let (word, direction) = match word.strip_prefix("undo-") {
            Some(word) => (word, Direction::Back),
            None => (word, Direction::Forward),
        };
        Some(match word {
            "recorded" => Self::Recorded,
            "before" => Self::Before(direction, number),
            "mid-before" => Self::MidBefore(direction, number),
            "mid-after" => Self::MidAfter(direction, number),
            "after" => Self::After(direction, number),
            "undoing" => Self::Undoing,
            "ending" => Self::Ending,
            _ => return None,
        })
    }
}

/// What is set.
#[derive(Clone, Debug, Default)]
pub(super) struct Trap {
    #[cfg(debug_assertions)]
    at: Option<Point>,
    /// In tests within one process the job stands still for ever instead, and says so.
    #[cfg(test)]
    pub(super) caught: Option<tokio_util::sync::CancellationToken>,
}

impl Trap {
    /// What the environment asks for.
    #[cfg(debug_assertions)]
    pub(super) fn from_env() -> Self {
        let at = std::env::var("QD_TEST_CRASH").ok().as_deref().and_then(Point::parse);
        Self {
            at,
            #[cfg(test)]
            caught: None,
        }
    }

    /// Nothing, ever.
    #[cfg(not(debug_assertions))]
    pub(super) fn from_env() -> Self {
        Self::default()
    }

    #[cfg(test)]
    pub(super) fn set(at: Point, caught: tokio_util::sync::CancellationToken) -> Self {
        Self { at: Some(at), caught: Some(caught) }
    }

    /// Here.
    #[cfg(debug_assertions)]
    pub(super) async fn at(&self, point: Point) {
        if self.at != Some(point) {
            return;
        }
        #[cfg(test)]
        if let Some(caught) = &self.caught {
            caught.cancel();
            std::future::pending::<()>().await;
        }
        // `async` for the tests' sake: they wait here.
        std::future::ready(()).await;
        std::process::abort();
    }

    /// Here.
    #[cfg(not(debug_assertions))]
    pub(super) async fn at(&self, _: Point) {
        std::future::ready(()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_have_names() {
        assert_eq!(Point::parse("mid-after:3"), Some(Point::MidAfter(Direction::Forward, 3)));
        assert_eq!(Point::parse("undo-before:12"), Some(Point::Before(Direction::Back, 12)));
        assert_eq!(Point::parse("recorded:0"), Some(Point::Recorded));
        assert_eq!(Point::parse("after"), None);
        assert_eq!(Point::parse("later:1"), None);
    }
}
