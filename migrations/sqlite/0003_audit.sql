-- The audit log and the statistics. Its twin is migrations/postgres/0003_audit.sql.

-- staff and the system do things that are no request's; seal is 8 random bytes and a keyed hash of the row (key_id: its key), empty
-- for what was written before there were seals. A column's NOT NULL goes only with its table: the rows, with their numbers, are
-- kept aside meanwhile, and what refers to them is looked at when all are back
PRAGMA defer_foreign_keys = ON;
CREATE TABLE events_before AS SELECT * FROM events;
DROP TABLE events;
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id BLOB REFERENCES filing_requests (id),
    verification_id BLOB REFERENCES verifications (id),
    at TEXT NOT NULL,
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL,
    staff_id BLOB,
    key_id TEXT NOT NULL DEFAULT '',
    seal BLOB NOT NULL DEFAULT x''
) STRICT;
INSERT INTO events (id, request_id, verification_id, at, type, actor, data)
    SELECT id, request_id, verification_id, at, type, actor, data FROM events_before;
DROP TABLE events_before;
CREATE INDEX events_request ON events (request_id, id);
CREATE INDEX events_staff ON events (staff_id, id) WHERE staff_id IS NOT NULL;
CREATE INDEX events_of_no_request ON events (id) WHERE request_id IS NULL;

-- one link for each event, in the order in which they were committed; mac is a keyed hash of the link before and the event
CREATE TABLE event_chain (
    position INTEGER NOT NULL PRIMARY KEY,
    event_id INTEGER NOT NULL UNIQUE REFERENCES events (id),
    key_id TEXT NOT NULL,
    mac BLOB NOT NULL
) STRICT;

-- what has yet to be chained and counted. On a server numbers become visible out of order: a high-water mark would lose some
CREATE TABLE unchained_events (
    event_id INTEGER NOT NULL PRIMARY KEY REFERENCES events (id)
) STRICT;
INSERT INTO unchained_events (event_id) SELECT id FROM events;

CREATE TRIGGER events_unchained AFTER INSERT ON events BEGIN
    INSERT INTO unchained_events (event_id) VALUES (NEW.id);
END;

-- append-only. A sandbox is emptied all the same: its reset says so in meta, in its own transaction
CREATE TRIGGER events_unchanged BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'events is append-only');
END;
-- INSERT OR REPLACE deletes without a word
CREATE TRIGGER events_not_replaced BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'events is append-only');
END;
CREATE TRIGGER events_kept BEFORE DELETE ON events
WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'resetting')
    OR EXISTS (SELECT 1 FROM meta WHERE key = 'mode' AND value = 'production') BEGIN
    SELECT RAISE(ABORT, 'events is append-only');
END;
CREATE TRIGGER event_chain_unchanged BEFORE UPDATE ON event_chain BEGIN
    SELECT RAISE(ABORT, 'event_chain is append-only');
END;
CREATE TRIGGER event_chain_not_replaced BEFORE INSERT ON event_chain
WHEN EXISTS (SELECT 1 FROM event_chain WHERE position = NEW.position OR event_id = NEW.event_id) BEGIN
    SELECT RAISE(ABORT, 'event_chain is append-only');
END;
CREATE TRIGGER event_chain_kept BEFORE DELETE ON event_chain
WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'resetting')
    OR EXISTS (SELECT 1 FROM meta WHERE key = 'mode' AND value = 'production') BEGIN
    SELECT RAISE(ABORT, 'event_chain is append-only');
END;

-- what happened on a day (Asia/Shanghai), with a provider, in a province, and with or in all of them: provider_id nil, province ''
CREATE TABLE daily_counts (
    provider_id BLOB NOT NULL,
    day TEXT NOT NULL,
    province TEXT NOT NULL,
    what TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (provider_id, day, province, what)
) STRICT;
CREATE INDEX daily_counts_province ON daily_counts (province, day);
