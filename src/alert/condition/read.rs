//! Pieces become a tree. `or` binds least, then `and`, `not`, comparisons, `+ -`, `* /`.

use super::super::lex::{Compare, Placed, Token};
use super::super::metric::Unit;
use super::{Sign, Slip};

/// Deeper nesting is refused, so that no text can exhaust the stack.
const DEEPEST: usize = 32;

/// A condition as a tree; every part knows where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    pub(super) at: usize,
    pub(super) part: Part,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Name(String),
    Quoted(String),
    Number(f64, Option<Unit>, String),
    Calculate(Box<Tree>, Sign, Box<Tree>),
    Compare(Box<Tree>, Compare, Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
    Not(Box<Tree>),
}

struct Reader<'a, 't> {
    tokens: &'a [Placed<'t>],
    next: usize,
    end: usize,
    depth: usize,
}

/// The whole text as one tree.
pub(super) fn read(tokens: &[Placed<'_>], end: usize) -> Result<Tree, Slip> {
    let mut reader = Reader { tokens, next: 0, end, depth: 0 };
    if tokens.is_empty() {
        return Err(Slip::new(0, "the condition is empty", "write it like `error_rate > 5%`"));
    }
    let tree = reader.any()?;
    match reader.peek() {
        None => Ok(tree),
        Some(Token::Close) => {
            Err(Slip::new(reader.at(), "`)` closes what was never opened", "remove it, or open it with `(`"))
        }
        Some(Token::Compare(_)) => Err(Slip::new(
            reader.at(),
            "a comparison of a comparison",
            "join two comparisons by `and`: `cpu > 10% and cpu < 90%`",
        )),
        Some(_) => Err(Slip::new(
            reader.at(),
            "an operator is missing here",
            "join conditions by `and` or `or`, compare by >, >=, <, <=, ==, !=",
        )),
    }
}

impl<'t> Reader<'_, 't> {
    fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(_, at)| *at)
    }

    fn take(&mut self, wanted: &Token<'_>) -> bool {
        let there = self.peek() == Some(wanted);
        self.next += usize::from(there);
        there
    }

    fn any(&mut self) -> Result<Tree, Slip> {
        self.deeper()?;
        let mut left = self.all()?;
        while self.take(&Token::Or) {
            let right = self.all()?;
            left = Tree { at: left.at, part: Part::Or(Box::new(left), Box::new(right)) };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn all(&mut self) -> Result<Tree, Slip> {
        let mut left = self.inverted()?;
        while self.take(&Token::And) {
            let right = self.inverted()?;
            left = Tree { at: left.at, part: Part::And(Box::new(left), Box::new(right)) };
        }
        Ok(left)
    }

    fn inverted(&mut self) -> Result<Tree, Slip> {
        let at = self.at();
        if !self.take(&Token::Not) {
            return self.compared();
        }
        self.deeper()?;
        let inner = self.inverted()?;
        self.depth -= 1;
        Ok(Tree { at, part: Part::Not(Box::new(inner)) })
    }

    fn compared(&mut self) -> Result<Tree, Slip> {
        let left = self.sum()?;
        let Some(Token::Compare(compare)) = self.peek() else { return Ok(left) };
        let compare = *compare;
        self.next += 1;
        let right = self.sum()?;
        Ok(Tree { at: left.at, part: Part::Compare(Box::new(left), compare, Box::new(right)) })
    }

    fn sum(&mut self) -> Result<Tree, Slip> {
        let mut left = self.product()?;
        loop {
            let sign = match self.peek() {
                Some(Token::Plus) => Sign::Plus,
                Some(Token::Minus) => Sign::Minus,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.product()?;
            left = Tree { at: left.at, part: Part::Calculate(Box::new(left), sign, Box::new(right)) };
        }
    }

    fn product(&mut self) -> Result<Tree, Slip> {
        let mut left = self.single()?;
        loop {
            let sign = match self.peek() {
                Some(Token::Times) => Sign::Times,
                Some(Token::Divide) => Sign::Divide,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.single()?;
            left = Tree { at: left.at, part: Part::Calculate(Box::new(left), sign, Box::new(right)) };
        }
    }

    fn single(&mut self) -> Result<Tree, Slip> {
        let at = self.at();
        let part = match self.peek() {
            Some(Token::Name(name)) => Part::Name((*name).to_owned()),
            Some(Token::Quoted(name)) => Part::Quoted((*name).to_owned()),
            Some(Token::Number(value, unit, text)) => Part::Number(*value, *unit, (*text).to_owned()),
            Some(Token::Minus) => {
                self.next += 1;
                self.deeper()?;
                let of = self.single()?;
                self.depth -= 1;
                return Ok(negative(at, of));
            }
            Some(Token::Open) => {
                self.next += 1;
                let inner = self.any()?;
                if !self.take(&Token::Close) {
                    return Err(Slip::new(at, "`(` is opened and never closed", "close it with `)`"));
                }
                return Ok(inner);
            }
            Some(_) => {
                let what = "a metric or a number is missing here";
                return Err(Slip::new(at, what, "write it like `error_rate > 5%`"));
            }
            None => {
                let what = "the condition ends too early";
                return Err(Slip::new(at, what, "write it like `error_rate > 5%`"));
            }
        };
        self.next += 1;
        Ok(Tree { at, part })
    }

    fn deeper(&mut self) -> Result<(), Slip> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Slip::new(self.at(), "it is nested too deep", "split it into several rules"));
        }
        Ok(())
    }
}

/// `-5s` is a number of its own; of anything else, what is left of nothing.
fn negative(at: usize, of: Tree) -> Tree {
    let part = match of.part {
        Part::Number(value, unit, text) => Part::Number(-value, unit, format!("-{text}")),
        part => {
            let zero = Tree { at, part: Part::Number(0.0, None, "0".into()) };
            Part::Calculate(Box::new(zero), Sign::Minus, Box::new(Tree { at: of.at, part }))
        }
    };
    Tree { at, part }
}
