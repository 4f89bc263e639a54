-- Incidents: alert rules that held, who has seen them, who was told. A service is NULL for the host.

CREATE TABLE incidents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    rule TEXT NOT NULL,
    service TEXT,
    severity TEXT NOT NULL,
    condition TEXT NOT NULL,
    description TEXT NOT NULL,
    since INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    -- What it came to: written while it is open, and for the last time when it ends.
    figures TEXT NOT NULL,
    times INTEGER NOT NULL,
    -- Whether anybody was to hear of it yet: not while it is silenced.
    told INTEGER NOT NULL CHECK (told IN (0, 1)),
    closed INTEGER,
    ended TEXT
) STRICT;
-- One at a time, whoever sees it: two qd's beside each other have one incident.
CREATE UNIQUE INDEX incidents_open ON incidents (instance, rule, ifnull(service, '')) WHERE closed IS NULL;
CREATE INDEX incidents_opened ON incidents (opened);
CREATE INDEX incidents_service ON incidents (service);

CREATE TABLE acknowledgements (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incidents (id),
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX acknowledgements_incident ON acknowledgements (incident);

CREATE TABLE silences (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    who TEXT NOT NULL,
    reason TEXT NOT NULL,
    lifted INTEGER
) STRICT;
CREATE INDEX silences_until ON silences (until);

-- What somebody was promised to be told. Whoever writes the row has promised it; the key keeps
-- others from doing so, too.
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incidents (id),
    what TEXT NOT NULL CHECK (what IN ('opened', 'closed')),
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    owner TEXT NOT NULL,
    beat INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'promised' CHECK (state IN ('promised', 'sent', 'dropped')),
    note TEXT NOT NULL DEFAULT '',
    settled INTEGER,
    UNIQUE (incident, what, target)
) STRICT;
CREATE INDEX notices_promised ON notices (at) WHERE state = 'promised';

CREATE TRIGGER incidents_keep BEFORE UPDATE ON incidents
WHEN OLD.closed IS NOT NULL
    OR NEW.id IS NOT OLD.id OR NEW.instance IS NOT OLD.instance OR NEW.rule IS NOT OLD.rule
    OR NEW.service IS NOT OLD.service OR NEW.severity IS NOT OLD.severity
    OR NEW.condition IS NOT OLD.condition OR NEW.description IS NOT OLD.description
    OR NEW.since IS NOT OLD.since OR NEW.opened IS NOT OLD.opened
BEGIN SELECT raise(ABORT, 'what an incident was does not change'); END;
CREATE TRIGGER incidents_stay BEFORE DELETE ON incidents
BEGIN SELECT raise(ABORT, 'incidents stay'); END;

CREATE TRIGGER acknowledgements_keep BEFORE UPDATE ON acknowledgements
BEGIN SELECT raise(ABORT, 'acknowledgements do not change'); END;
CREATE TRIGGER acknowledgements_stay BEFORE DELETE ON acknowledgements
BEGIN SELECT raise(ABORT, 'acknowledgements stay'); END;

CREATE TRIGGER silences_keep BEFORE UPDATE ON silences
WHEN OLD.lifted IS NOT NULL OR NEW.id IS NOT OLD.id OR NEW.instance IS NOT OLD.instance
    OR NEW.target IS NOT OLD.target OR NEW.at IS NOT OLD.at OR NEW.until IS NOT OLD.until
    OR NEW.who IS NOT OLD.who OR NEW.reason IS NOT OLD.reason
BEGIN SELECT raise(ABORT, 'a silence is only lifted'); END;
CREATE TRIGGER silences_stay BEFORE DELETE ON silences
BEGIN SELECT raise(ABORT, 'silences stay'); END;

CREATE TRIGGER notices_keep BEFORE UPDATE ON notices
WHEN OLD.state <> 'promised' OR NEW.id IS NOT OLD.id OR NEW.incident IS NOT OLD.incident
    OR NEW.what IS NOT OLD.what OR NEW.target IS NOT OLD.target OR NEW.at IS NOT OLD.at
BEGIN SELECT raise(ABORT, 'what was promised does not change'); END;
CREATE TRIGGER notices_stay BEFORE DELETE ON notices
BEGIN SELECT raise(ABORT, 'notices stay'); END;
