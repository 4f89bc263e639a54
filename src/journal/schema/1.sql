-- Times are microseconds since 1970, UTC; durations are microseconds. A service is the JSON array
-- ["engine", "project" or null, "name"]; a who is a JSON object.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    instance TEXT NOT NULL,
    host TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    change TEXT NOT NULL,
    sentence TEXT NOT NULL,
    plan TEXT NOT NULL,
    images TEXT NOT NULL,
    who TEXT NOT NULL,
    -- Who has it now (NULL: nobody), under which claim, and when they last gave a sign of life.
    owner TEXT,
    claim INTEGER NOT NULL DEFAULT 1,
    beat INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'running',
    note TEXT NOT NULL DEFAULT '',
    ended INTEGER,
    took INTEGER
) STRICT;
CREATE INDEX operations_open ON operations (instance) WHERE ended IS NULL;
CREATE INDEX operations_at ON operations (at);

-- The services an operation changes; locked as long as it has not ended.
CREATE TABLE locks (
    operation INTEGER NOT NULL REFERENCES operations (id),
    instance TEXT NOT NULL,
    service TEXT NOT NULL,
    held INTEGER NOT NULL DEFAULT 1 CHECK (held IN (0, 1)),
    place INTEGER NOT NULL,
    PRIMARY KEY (operation, place)
) STRICT, WITHOUT ROWID;
-- One operation at a time.
CREATE UNIQUE INDEX locks_held ON locks (instance, service) WHERE held = 1;
CREATE INDEX locks_service ON locks (service);

CREATE TABLE adoptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    operation INTEGER NOT NULL REFERENCES operations (id),
    at INTEGER NOT NULL,
    who TEXT NOT NULL
) STRICT;
CREATE INDEX adoptions_operation ON adoptions (operation);

CREATE TABLE steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    operation INTEGER NOT NULL REFERENCES operations (id),
    number INTEGER NOT NULL,
    back INTEGER NOT NULL CHECK (back IN (0, 1)),
    began INTEGER NOT NULL,
    ended INTEGER,
    ok INTEGER CHECK (ok IN (0, 1)),
    done TEXT,
    note TEXT
) STRICT;
CREATE INDEX steps_operation ON steps (operation);

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    service TEXT NOT NULL,
    number INTEGER NOT NULL,
    image TEXT NOT NULL,
    reference TEXT NOT NULL,
    spec TEXT,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    operation INTEGER,
    current INTEGER NOT NULL DEFAULT 1 CHECK (current IN (0, 1)),
    UNIQUE (instance, service, number)
) STRICT;

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    at INTEGER NOT NULL,
    service TEXT NOT NULL,
    replica TEXT NOT NULL,
    kind TEXT NOT NULL,
    note TEXT NOT NULL,
    operation INTEGER,
    UNIQUE (instance, at, replica, kind)
) STRICT;
CREATE INDEX events_at ON events (at);
CREATE INDEX events_service ON events (service, at);

CREATE TABLE reveals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    at INTEGER NOT NULL,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL
) STRICT;
CREATE INDEX reveals_at ON reveals (at);

CREATE TRIGGER operations_keep BEFORE UPDATE ON operations
WHEN OLD.ended IS NOT NULL
    OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at
    OR NEW.instance IS NOT OLD.instance OR NEW.host IS NOT OLD.host
    OR NEW.endpoint IS NOT OLD.endpoint OR NEW.change IS NOT OLD.change
    OR NEW.sentence IS NOT OLD.sentence OR NEW.plan IS NOT OLD.plan
    OR NEW.images IS NOT OLD.images OR NEW.who IS NOT OLD.who
BEGIN SELECT raise(ABORT, 'what an operation was does not change'); END;
CREATE TRIGGER operations_stay BEFORE DELETE ON operations
BEGIN SELECT raise(ABORT, 'operations stay'); END;

CREATE TRIGGER locks_keep BEFORE UPDATE ON locks
WHEN OLD.held = 0 OR NEW.operation IS NOT OLD.operation OR NEW.instance IS NOT OLD.instance
    OR NEW.service IS NOT OLD.service OR NEW.place IS NOT OLD.place
BEGIN SELECT raise(ABORT, 'a lock is only let go'); END;
CREATE TRIGGER locks_stay BEFORE DELETE ON locks
BEGIN SELECT raise(ABORT, 'which services an operation was about stays'); END;

CREATE TRIGGER adoptions_keep BEFORE UPDATE ON adoptions
BEGIN SELECT raise(ABORT, 'adoptions do not change'); END;
CREATE TRIGGER adoptions_stay BEFORE DELETE ON adoptions
BEGIN SELECT raise(ABORT, 'adoptions stay'); END;

CREATE TRIGGER steps_keep BEFORE UPDATE ON steps
WHEN OLD.ended IS NOT NULL OR NEW.id IS NOT OLD.id OR NEW.operation IS NOT OLD.operation
    OR NEW.number IS NOT OLD.number OR NEW.back IS NOT OLD.back OR NEW.began IS NOT OLD.began
BEGIN SELECT raise(ABORT, 'what a step was does not change'); END;
CREATE TRIGGER steps_stay BEFORE DELETE ON steps
BEGIN SELECT raise(ABORT, 'steps stay'); END;

CREATE TRIGGER revisions_keep BEFORE UPDATE ON revisions
WHEN NEW.id IS NOT OLD.id OR NEW.instance IS NOT OLD.instance OR NEW.service IS NOT OLD.service
    OR NEW.number IS NOT OLD.number OR NEW.first_seen IS NOT OLD.first_seen
    OR NEW.reference IS NOT OLD.reference
    OR (OLD.image <> '' AND NEW.image IS NOT OLD.image)
    OR (OLD.spec IS NOT NULL AND NEW.spec IS NOT OLD.spec)
    OR (OLD.operation IS NOT NULL AND NEW.operation IS NOT OLD.operation)
    OR NEW.last_seen < OLD.last_seen
BEGIN SELECT raise(ABORT, 'what a revision was does not change'); END;

CREATE TRIGGER events_keep BEFORE UPDATE ON events
BEGIN SELECT raise(ABORT, 'events do not change'); END;

CREATE TRIGGER reveals_keep BEFORE UPDATE ON reveals
BEGIN SELECT raise(ABORT, 'reveals do not change'); END;
CREATE TRIGGER reveals_stay BEFORE DELETE ON reveals
BEGIN SELECT raise(ABORT, 'reveals stay'); END;
