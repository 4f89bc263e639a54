//! `ui.colors`: the user's word on how many colours there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::theme::{Depth, Env};

/// How many colours to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Colors {
    /// What terminal and environment say.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// 24 bits.
    #[serde(rename = "true")]
    True,
    /// The 256 of xterm.
    #[serde(rename = "256")]
    Indexed256,
    /// The 16 of the terminal's palette.
    #[serde(rename = "16")]
    Ansi16,
    /// None.
    #[serde(rename = "none")]
    None,
}

impl Colors {
    /// How many that is on this terminal. `NO_COLOR` is obeyed by `auto` only: who sets a number
    /// in a file of qd's own means qd.
    pub fn depth(self, env: Env<'_>) -> Depth {
        match self {
            Self::Auto => Depth::detect(env),
            Self::True => Depth::True,
            Self::Indexed256 => Depth::Indexed256,
            Self::Ansi16 => Depth::Ansi16,
            Self::None => Depth::None,
        }
    }
}
