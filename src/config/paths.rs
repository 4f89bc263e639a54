//! Where things lie: the config directory, the state directory. The current directory is none of
//! them.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::theme::Env;

/// The directories of one user. None of them needs to exist.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Paths {
    /// `config.toml`, `themes/`, `keymaps/`; `None` where the user has no home.
    pub config: Option<PathBuf>,
    /// qd's own log, saved logs; `None` where the user has no home.
    pub state: Option<PathBuf>,
}

/// The state directory can't be used. A warning: nothing on the screen needs it.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is none.
    #[error("no state directory: this user has no home; set QD_STATE_DIR to keep a log")]
    Homeless,
    /// It can't be made or written.
    #[error("{} can't be written ({source}); qd keeps no log: fix its permissions or set QD_STATE_DIR", path.display())]
    Unwritable {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Paths {
    /// The platform's directories (XDG on Linux), or `QD_CONFIG_DIR` and `QD_STATE_DIR`.
    pub fn from_env(env: Env<'_>) -> Self {
        let own = |name| {
            let value = env(name).filter(|v| !v.is_empty())?;
            // Absolute from here on, whatever happens to the current directory later.
            Some(std::path::absolute(&value).unwrap_or_else(|_| value.into()))
        };
        let platform = ProjectDirs::from("", "", "quarterdeck");
        let platform = platform.as_ref();
        Self {
            config: own("QD_CONFIG_DIR").or_else(|| platform.map(|p| p.config_dir().to_owned())),
            state: own("QD_STATE_DIR")
                .or_else(|| platform.map(|p| p.state_dir().unwrap_or(p.data_local_dir()).to_owned())),
        }
    }

    /// The user's settings.
    pub fn config_file(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join("config.toml"))
    }

    /// The user's themes.
    pub fn themes(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join("themes"))
    }

    /// The user's keymaps.
    pub fn keymaps(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join("keymaps"))
    }

    /// The state directory, made if it is missing and known to be writable. Only the user may
    /// look inside: logs of containers are saved there.
    ///
    /// # Errors
    /// It can't be made or written; to be told, and lived with.
    pub fn writable_state(&self) -> Result<&Path, StateError> {
        let path = self.state.as_deref().ok_or(StateError::Homeless)?;
        let unwritable = |source| StateError::Unwritable { path: path.to_owned(), source };
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(path).map_err(unwritable)?;
        // Permissions alone don't tell (read-only mounts, ACLs): try.
        let probe = path.join(format!(".qd-{}", std::process::id()));
        fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)).map_err(unwritable)?;
        Ok(path)
    }
}

/// The stem of `name.toml`; `None` for other files and names no theme or keymap can have.
pub(super) fn stem(path: &Path) -> Option<&str> {
    (path.extension() == Some(OsStr::new("toml")))
        .then(|| path.file_stem()?.to_str().filter(|s| is_name(s)))
        .flatten()
}

/// Whether there is no such file. One we may not even look at counts as there: it has to be
/// complained about, because it may say `read_only`.
pub(super) fn is_absent(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|e| matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
}

/// Names are plain words, so that `../../secret` is not one.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn own_variables_go_before_the_platform() {
        let paths = Paths::from_env(&|name| match name {
            "QD_CONFIG_DIR" => Some("/a".into()),
            "QD_STATE_DIR" => Some("/b".into()),
            _ => None,
        });
        assert_eq!(paths.config_file().unwrap(), Path::new("/a/config.toml"));
        assert_eq!(paths.themes().unwrap(), Path::new("/a/themes"));
        assert_eq!(paths.state.unwrap(), Path::new("/b"));
    }

    #[test]
    fn the_state_directory_is_made_private_or_the_reason_told() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("deep/state");
        let paths = Paths { config: None, state: Some(state.clone()) };
        assert_eq!(paths.writable_state().unwrap(), state);
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
        }

        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = Paths { config: None, state: Some(file.join("state")) };
        let said = refused.writable_state().unwrap_err().to_string();
        assert!(said.contains("can't be written") && said.contains("QD_STATE_DIR"), "{said}");
        assert!(Paths::default().writable_state().unwrap_err().to_string().contains("no home"));
    }

    #[test]
    fn names_are_plain_words() {
        assert!(is_name("tokyo-night"));
        for bad in ["", "../x", "a/b", "a.b", ".", "ä", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
        assert_eq!(stem(Path::new("/x/nord.toml")), Some("nord"));
        assert_eq!(stem(Path::new("/x/nord.toml~")), None);
        assert_eq!(stem(Path::new("/x/.#nord.toml")), None);
    }
}
