-- Post-mortems: what was found when something died. What dies of the same again and again is one of
-- them, and its last death the one that is told of. Bounded: the oldest go.

CREATE TABLE postmortems (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    service TEXT NOT NULL,
    -- The replica; of what is made anew for every run, the service.
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    times INTEGER NOT NULL,
    sentence TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
-- A death is written down once, whoever sees it.
CREATE UNIQUE INDEX postmortems_death ON postmortems (instance, subject, last);
CREATE INDEX postmortems_last ON postmortems (instance, last);
CREATE INDEX postmortems_service ON postmortems (service, last);

CREATE TRIGGER postmortems_keep BEFORE UPDATE ON postmortems
WHEN NEW.id IS NOT OLD.id OR NEW.instance IS NOT OLD.instance OR NEW.service IS NOT OLD.service
    OR NEW.subject IS NOT OLD.subject OR NEW.kind IS NOT OLD.kind
    OR NEW.last < OLD.last OR NEW.times < OLD.times
BEGIN SELECT raise(ABORT, 'what a death was does not change'); END;
