//! Lines to be filled in: what forms are made of. Pure.

use tui_input::Input as Line;

/// A value being typed or chosen.
pub enum Value {
    /// Typed.
    Text(Line),
    /// One of these.
    Choice(&'static [&'static str], usize),
}

/// A line to be filled in.
pub struct Field {
    /// What it is.
    pub label: &'static str,
    /// Its value so far.
    pub value: Value,
    /// What it is now, and what else may be written.
    pub about: String,
    /// What it began with.
    pub(super) before: String,
}

impl Field {
    /// One that is typed.
    pub(super) fn text(label: &'static str, value: &str, about: impl Into<String>) -> Self {
        let line = Value::Text(Line::new(value.to_owned()));
        Self { label, value: line, about: about.into(), before: value.to_owned() }
    }

    /// What was typed, trimmed; nothing for a choice.
    pub(super) fn typed(&self) -> &str {
        match &self.value {
            Value::Text(line) => line.value().trim(),
            Value::Choice(..) => "",
        }
    }
}

/// All lines, and which one has the cursor.
pub struct Fields {
    /// The lines.
    pub list: Vec<Field>,
    /// Which line has the cursor.
    pub at: usize,
    /// What is wrong with them, after enter.
    pub problem: Option<String>,
}

impl Fields {
    /// The cursor in the first line.
    pub(super) fn new(list: Vec<Field>) -> Self {
        Self { list, at: 0, problem: None }
    }

    /// What was typed in the line of that number; nothing where there is none.
    pub(super) fn typed(&self, at: usize) -> &str {
        self.list.get(at).map(Field::typed).unwrap_or_default()
    }

    /// The line being typed, if the cursor is in one.
    pub fn typing(&mut self) -> Option<&mut Line> {
        match self.list.get_mut(self.at).map(|field| &mut field.value) {
            Some(Value::Text(line)) => Some(line),
            _ => None,
        }
    }
}
