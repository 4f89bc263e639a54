//! Files that are not what they should be, disks that are full, directories that can't be written.

use std::fs;

use rusqlite::Connection;

use super::*;
use crate::journal::schema::{MIGRATIONS, migrate};

/// Opening fails, and the file stays as it is.
fn refused(path: &Path) -> JournalError {
    let before = fs::read(path).unwrap();
    let error = Journal::open(path).unwrap_err();
    assert_eq!(Journal::open_to_read(path).unwrap_err(), error);
    assert!(fs::read(path).unwrap() == before, "the file was changed");
    let beside: Vec<_> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(beside, [path.file_name().unwrap()], "something was left beside it");
    error
}

#[test]
fn what_is_no_journal_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path().parent().unwrap()).unwrap();
    let lines = "not a database, whatever its name says\n".repeat(1000);
    fs::write(place.path(), lines).unwrap();
    let error = refused(&place.path());
    assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
    assert!(error.remedy().contains("mv "), "{}", error.remedy());
}

#[test]
fn another_programs_database_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path().parent().unwrap()).unwrap();
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x');").unwrap();
    drop(other);
    let error = refused(&place.path());
    assert!(error.to_string().ends_with("is damaged: it is a database of another program"), "{error}");
}

#[tokio::test]
async fn a_newer_journal_is_left_alone() {
    let place = Place::new();
    place.open().begin(operation(&["api"], me("ada"))).await.unwrap();
    let newer = Connection::open(place.path()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    // What is beside it goes into it when the last one closes it.
    drop(newer);
    until_closed(&place.path());
    let error = refused(&place.path());
    assert!(matches!(error, JournalError::Newer { found: 99, known: 3, .. }), "{error}");
}

/// The threads of a journal that was dropped close the file a moment later.
fn until_closed(path: &Path) {
    let log = PathBuf::from(format!("{}-wal", path.display()));
    while log.exists() {
        std::thread::yield_now();
        drop(Connection::open(path).unwrap().query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())));
    }
}

#[tokio::test]
async fn an_older_journal_is_brought_up_to_date_with_all_it_has() {
    let place = Place::new();
    let journal = place.open();
    let id = journal.begin(operation(&["api"], dead())).await.unwrap();
    journal.saw("one", vec![sighting("api", "1", 0)]).await.unwrap();
    drop(journal);

    let next =
        "ALTER TABLE operations ADD COLUMN ticket TEXT NOT NULL DEFAULT 'none'; CREATE TABLE more (x);";
    let known = i64::try_from(MIGRATIONS.len()).unwrap();
    let mut migrations = MIGRATIONS.to_vec();
    migrations.push(next);
    let mut connection = Connection::open(place.path()).unwrap();
    // One that fails half-way leaves everything as it was.
    let broken = [&migrations[..], &["CREATE TABLE even_more (x); SELECT nonsense;"]].concat();
    migrate(&mut connection, &broken).unwrap_err();
    let version =
        |c: &Connection| c.pragma_query_value(None, "user_version", |r| r.get::<_, i64>(0)).unwrap();
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('more', 'even_more')";
    assert_eq!(version(&connection), known);
    assert_eq!(connection.query_row(tables, [], |r| r.get::<_, i64>(0)).unwrap(), 0);

    migrate(&mut connection, &migrations).unwrap();
    // Another qd comes to do the same.
    migrate(&mut connection, &migrations).unwrap();
    assert_eq!(version(&connection), known + 1);
    let kept = "SELECT o.sentence, o.ticket, r.reference FROM operations o, revisions r";
    let kept: [String; 3] =
        connection.query_row(kept, [], |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?])).unwrap();
    assert_eq!(kept, ["deploy shop/api 1 → 2", "none", "shop/api:1"]);
    assert_eq!(operations::one(&connection, id).unwrap().unwrap().begun.services, [service("api")]);
}

#[tokio::test]
async fn a_damaged_journal_says_so() {
    let place = Place::new();
    let journal = place.open();
    for second in 0..200 {
        journal.saw("one", vec![sighting(&format!("service-{second}"), "1", second)]).await.unwrap();
    }
    drop(journal);
    until_closed(&place.path());
    let mut bytes = fs::read(place.path()).unwrap();
    // All but the first page, where the tables are told.
    bytes[4096..].fill(0xee);
    fs::write(place.path(), &bytes).unwrap();
    let error = match Journal::open(&place.path()) {
        Err(error) => error,
        Ok(journal) => journal.saw("one", vec![sighting("api", "1", 0)]).await.unwrap_err(),
    };
    assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
    assert!(fs::read(place.path()).unwrap() == bytes, "it was written to");

    bytes.truncate(6000);
    fs::write(place.path(), &bytes).unwrap();
    let error = match Journal::open(&place.path()) {
        Err(error) => error,
        Ok(journal) => journal.operations(Query::default()).await.unwrap_err(),
    };
    assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_half_written() {
    let place = Place::new();
    let journal = place.open();
    let kept = journal.begin(operation(&["api"], me("ada"))).await.unwrap();
    let room = |pages: i64| {
        journal.durably(move |c| Ok(c.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?))
    };
    room(1).await.unwrap();
    let big = NewOperation { plan: "x".repeat(1 << 20), ..operation(&["web"], me("ada")) };
    let error = journal.begin(big.clone()).await.unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert!(error.remedy().contains("--no-journal"));
    assert_eq!(journal.unfinished("one").await.unwrap().len(), 1);

    room(1 << 30).await.unwrap();
    let id = journal.begin(big).await.unwrap();
    assert_eq!(id, kept + 1);
    journal.ended(id, end(OperationState::Done)).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_kept_busy_is_told() {
    let place = Place::new();
    let journal = place.open();
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    journal.durably(|c| Ok(c.busy_timeout(Duration::ZERO)?)).await.unwrap();
    let error = journal.begin(operation(&["api"], me("ada"))).await.unwrap_err();
    assert_eq!(error, JournalError::Busy { path: place.path() });
    // Reading goes on meanwhile.
    assert_eq!(journal.operations(Query::default()).await.unwrap(), []);
    other.execute_batch("ROLLBACK").unwrap();
    journal.begin(operation(&["api"], me("ada"))).await.unwrap();
}

#[tokio::test]
async fn a_journal_moved_away_is_not_written_on() {
    let place = Place::new();
    let journal = place.open();
    let moved = place.path().with_extension("old");
    fs::rename(place.path(), &moved).unwrap();
    for again in 0..2 {
        let error = journal.begin(operation(&["api"], me("ada"))).await.unwrap_err();
        assert!(error.to_string().contains("moved away or replaced"), "{error}");
        if again == 0 {
            fs::write(place.path(), "").unwrap();
        }
    }
}

#[test]
fn directories_and_the_like_are_no_files() {
    let place = Place::new();
    fs::create_dir_all(place.path()).unwrap();
    for error in [Journal::open(&place.path()), Journal::open_to_read(&place.path())] {
        let error = error.unwrap_err();
        assert!(error.to_string().ends_with("can't be opened: it is not a file"), "{error}");
    }
    let under_a_file = Path::new("/etc/passwd/state/journal.db");
    assert!(matches!(Journal::open(under_a_file), Err(JournalError::Unopened { .. })));
    let missing = Journal::open_to_read(&place.0.path().join("none")).unwrap_err();
    assert!(matches!(missing, JournalError::Unopened { .. }), "{missing}");
}

#[cfg(unix)]
#[test]
fn it_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let _open = place.open();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.path().parent().unwrap()), 0o700);
    let files: Vec<PathBuf> =
        fs::read_dir(place.path().parent().unwrap()).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(files.len() > 1, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
}

/// As somebody to whom permissions apply: root passes by them.
#[cfg(target_os = "linux")]
fn without_privilege<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
    std::thread::scope(|scope| {
        let unprivileged = scope.spawn(|| {
            let none = CapabilitySet::empty();
            // A thread's own; those it starts inherit that.
            set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
                .unwrap();
            work()
        });
        unprivileged.join().unwrap()
    })
}

#[cfg(target_os = "linux")]
fn protect(path: &Path, directory: u32, file: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(file)).unwrap();
    fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(directory)).unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_can_not_be_written_can_be_read() {
    for (directory, file) in [(0o500, 0o400), (0o700, 0o400), (0o500, 0o600)] {
        let place = Place::new();
        let path = place.path();
        place.open().begin(operation(&["api"], me("ada"))).await.unwrap();
        until_closed(&path);
        protect(&path, directory, file);
        let (written, read) =
            without_privilege(|| (Journal::open(&path).map(drop), Journal::open_to_read(&path)));
        protect(&path, 0o700, 0o600);
        let error = written.unwrap_err();
        assert!(
            matches!(error, JournalError::Unwritable { .. } | JournalError::Unopened { .. }),
            "{directory:o} {file:o}: {error}"
        );
        let read = read.unwrap();
        assert_eq!(read.operations(Query::default()).await.unwrap().len(), 1);
        let refused = read.begin(operation(&["web"], me("ada"))).await.unwrap_err();
        assert!(matches!(refused, JournalError::Unwritable { .. }), "{refused}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn where_nothing_can_be_made_that_is_said() {
    let place = Place::new();
    let path = place.path();
    drop(place.open());
    until_closed(&path);
    protect(&path, 0o000, 0o600);
    let hidden = without_privilege(|| Journal::open(&path).map(drop));
    protect(&path, 0o500, 0o600);
    let below = path.parent().unwrap().join("deeper/journal.db");
    let unmade = without_privilege(|| Journal::open(&below).map(drop));
    protect(&path, 0o700, 0o600);
    assert!(matches!(hidden, Err(JournalError::Unopened { .. })), "{hidden:?}");
    assert!(matches!(unmade, Err(JournalError::Unwritable { .. })), "{unmade:?}");
}

#[test]
fn many_who_make_it_at_the_same_moment_have_one() {
    for _ in 0..20 {
        let place = Place::new();
        let path = place.path();
        let openers: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || Journal::open(&path).map(drop))
            })
            .collect();
        for opener in openers {
            opener.join().unwrap().unwrap();
        }
    }
}
