//! Saved logs: a new file each, readable by the user alone.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::config::Paths;

/// The longest file name made of outside text, characters.
const STEM: usize = 64;

/// Why nothing was saved.
#[derive(Debug, Error)]
pub(super) enum SaveError {
    /// Nowhere to put it.
    #[error("not saved: this user has no home; set logs.save_dir in the config, or QD_STATE_DIR")]
    Nowhere,
    /// The system refused.
    #[error("not saved: {} can't be written ({source}); set logs.save_dir in the config to another directory", path.display())]
    Refused {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Where logs are saved when the settings don't say.
pub(super) fn default_dir(paths: &Paths) -> Option<PathBuf> {
    Some(paths.state.as_ref()?.join("saved"))
}

/// Write a text to a new file `STEM-DATE-TIME.EXTENSION`.
///
/// # Errors
/// There is no directory, or it can't be written.
pub(super) fn save(
    dir: Option<&Path>,
    stem: &str,
    extension: &str,
    text: &str,
    now: Timestamp,
) -> Result<PathBuf, SaveError> {
    let dir = dir.ok_or(SaveError::Nowhere)?;
    let refused = |path: &Path, source| SaveError::Refused { path: path.to_owned(), source };
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir).map_err(|e| refused(dir, e))?;
    let time = now.to_zoned(TimeZone::system()).strftime("%Y%m%d-%H%M%S").to_string();
    let stem = plain(stem);
    // Two in one second: the second gets a number, none is overwritten.
    for n in 0..100 {
        let again = if n == 0 { String::new() } else { format!("-{n}") };
        let path = dir.join(format!("{stem}-{time}{again}.{extension}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).map_err(|e| refused(&path, e))?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(refused(&path, error)),
        }
    }
    Err(refused(dir, io::ErrorKind::AlreadyExists.into()))
}

/// A file name of outside text: letters, digits and a few marks, never a path or a hidden file.
fn plain(stem: &str) -> String {
    let clean: String = stem
        .chars()
        .take(STEM)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' })
        .collect();
    let clean = clean.trim_start_matches('.');
    if clean.is_empty() { "logs".to_owned() } else { clean.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;

    use super::{plain, save};

    #[test]
    fn names_cannot_leave_the_directory() {
        assert_eq!(plain("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(plain("a b\u{1b}[31m/c"), "a_b__31m_c");
        assert_eq!(plain("…"), "_");
        assert_eq!(plain("..."), "logs");
        assert_eq!(plain(&"x".repeat(4096)).len(), 64);
    }

    #[test]
    fn nothing_is_overwritten_and_only_the_user_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("deep/saved");
        let a = save(Some(&dir), "api", "log", "one", Timestamp::UNIX_EPOCH).unwrap();
        let b = save(Some(&dir), "api", "md", "two", Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(a, b);
        assert_eq!(std::fs::read_to_string(&a).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(&b).unwrap(), "two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&a).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_directory_that_cannot_be_is_told_with_a_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let said = save(Some(&file), "api", "log", "x", Timestamp::UNIX_EPOCH).unwrap_err().to_string();
        assert!(said.contains("save_dir"), "{said}");
        assert!(
            save(None, "api", "log", "x", Timestamp::UNIX_EPOCH).unwrap_err().to_string().contains("no home")
        );
    }
}
