//! Why somebody can't be told.

use std::path::PathBuf;

/// A webhook can't be used as it is configured. Nothing in it is the address or a header's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// The variable with the address, or a header's value, is not set.
    #[error("webhook {hook}: the variable {name} is not set")]
    NoVariable {
        /// Its name, or its place in the list.
        hook: String,
        /// The variable.
        name: String,
    },
    /// A file can't be read.
    #[error("webhook {hook}: {} can't be read: {why}", path.display())]
    Unreadable {
        /// Its name, or its place in the list.
        hook: String,
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// What should be an address, a header or a certificate is none.
    #[error("webhook {hook}: {what}")]
    Nonsense {
        /// Its name, or its place in the list.
        hook: String,
        /// What is wrong, as a clause.
        what: &'static str,
    },
}

impl NotifyError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::NoVariable { name, .. } => {
                format!("Set {name} where qd is started, or use url_file in the config.")
            }
            Self::Unreadable { .. } => {
                "Fix its path or permissions; qd config check tells where it is named.".into()
            }
            Self::Nonsense { .. } => "See alerts.webhooks in the config.".into(),
        }
    }
}
