//! Making sure the user means it, as far as a plan demands.

use std::io::{self, BufRead, IsTerminal, Write};

use super::plan;
use crate::cli::args::AskArgs;
use crate::cli::exit::CliError;
use crate::cli::say;
use crate::cli::style::Paint;
use crate::config::Glyphs;
use crate::engine::Consent;
use crate::operate::{Confirm, Plan};

/// Ask for what this plan wants, unless the command line has said it.
pub(super) fn confirm(plan: &Plan, args: &AskArgs) -> Result<Consent, CliError> {
    let question =
        Question { sentence: plan.question(), word: plan.intent.change.word(), confirm: &plan.confirm };
    question.answer(args, || plan::announce(plan), || show(plan))
}

/// What is asked.
pub(super) struct Question<'a> {
    /// `Restart order-service (3 replicas)?`
    pub(super) sentence: String,
    /// The command's word.
    pub(super) word: &'a str,
    /// How sure one must be.
    pub(super) confirm: &'a Confirm,
}

impl Question<'_> {
    /// The answer, from the command line or from the terminal. `announce` says what a script's log
    /// should hold where nobody is asked, `show` what one must know before answering.
    pub(super) fn answer(
        &self,
        args: &AskArgs,
        announce: impl FnOnce(),
        show: impl FnOnce(),
    ) -> Result<Consent, CliError> {
        let confirmed = args.confirm.as_deref();
        match self.confirm {
            Confirm::Open => {
                announce();
                return Ok(Consent::None);
            }
            Confirm::Typed(word) if confirmed == Some(word) => {
                announce();
                return Ok(Consent::Typed);
            }
            Confirm::Typed(word) => {
                if let Some(typed) = confirmed {
                    return Err(CliError::refused(
                        format!("{word} is protected, and --confirm says {typed:?}: nothing was done"),
                        format!("Write --confirm {word} if that is what you mean."),
                    ));
                }
            }
            Confirm::Yes if args.yes => {
                announce();
                return Ok(Consent::Yes);
            }
            Confirm::Yes => {}
        }
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(self.unasked());
        }
        show();
        match self.confirm {
            Confirm::Open | Confirm::Yes => {
                let answer = ask(&format!("{} [y/N] ", self.sentence))?.to_lowercase();
                if matches!(answer.as_str(), "y" | "yes") {
                    return Ok(Consent::Yes);
                }
            }
            Confirm::Typed(word) => {
                say(&format!("{} {word} is protected.", self.sentence));
                if ask(&format!("Type {word} to go on: "))? == **word {
                    return Ok(Consent::Typed);
                }
            }
        }
        Err(CliError::refused(format!("{} was not confirmed: nothing was done", self.word), ""))
    }

    /// Nobody to ask.
    fn unasked(&self) -> CliError {
        let Self { sentence, word, .. } = self;
        match self.confirm {
            Confirm::Open | Confirm::Yes => CliError::refused(
                format!("{sentence} Nobody to ask (no terminal): {word} was not confirmed, nothing was done"),
                "Add --yes to mean it, or --dry-run to see the plan.",
            ),
            Confirm::Typed(word) => CliError::refused(
                format!("{sentence} {word} is protected, and nobody to ask (no terminal): nothing was done"),
                format!("Add --confirm {word} to mean it; --yes is not enough here."),
            ),
        }
    }
}

/// The plan and its warnings, before the question.
fn show(plan: &Plan) {
    let width = crossterm::terminal::size().ok().map(|(cols, _)| usize::from(cols)).filter(|&cols| cols > 0);
    let glyphs = Glyphs::choose(None, &crate::cli::setup::env);
    // A stderr that can't be written can't be asked on either; `ask` then says so.
    let _ = io::stderr().write_all(plan::text(plan, &Paint::none(), width, glyphs).as_bytes());
    plan::warn(plan);
}

/// One line from the terminal, trimmed; empty at its end.
pub(in crate::cli) fn ask(question: &str) -> Result<String, CliError> {
    let unreadable = |e: io::Error| {
        CliError::refused(
            format!("cannot ask on this terminal ({e}): nothing was done"),
            "Add --yes to mean it.",
        )
    };
    let mut stderr = io::stderr();
    stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush()).map_err(unreadable)?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer).map_err(unreadable)? == 0 {
        say("");
    }
    Ok(answer.trim().to_owned())
}
