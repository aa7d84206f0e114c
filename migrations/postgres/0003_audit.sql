-- The audit log and the statistics. Its twin is migrations/sqlite/0003_audit.sql.

-- staff and the system do things that are no request's; seal is 8 random bytes and a keyed hash of the row (key_id: its key), empty
-- for what was written before there were seals
ALTER TABLE events ALTER COLUMN request_id DROP NOT NULL;
ALTER TABLE events ADD COLUMN staff_id UUID;
ALTER TABLE events ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN seal BYTEA NOT NULL DEFAULT '';
CREATE INDEX events_staff ON events (staff_id, id) WHERE staff_id IS NOT NULL;
CREATE INDEX events_of_no_request ON events (id) WHERE request_id IS NULL;

-- one link for each event, in the order in which they were committed; mac is a keyed hash of the link before and the event
CREATE TABLE event_chain (
    position BIGINT NOT NULL PRIMARY KEY,
    event_id BIGINT NOT NULL UNIQUE REFERENCES events (id),
    key_id TEXT NOT NULL,
    mac BYTEA NOT NULL
);

-- what has yet to be chained and counted. On a server numbers become visible out of order: a high-water mark would lose some
CREATE TABLE unchained_events (
    event_id BIGINT NOT NULL PRIMARY KEY REFERENCES events (id)
);
INSERT INTO unchained_events (event_id) SELECT id FROM events;

CREATE FUNCTION heyan_unchained() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO unchained_events (event_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER events_unchained AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION heyan_unchained();

-- append-only. A sandbox is emptied all the same: its reset says so in meta, in its own transaction
CREATE FUNCTION heyan_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM meta WHERE key = 'resetting')
        AND NOT EXISTS (SELECT 1 FROM meta WHERE key = 'mode' AND value = 'production') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER events_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION heyan_append_only();
CREATE TRIGGER event_chain_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON event_chain
    FOR EACH STATEMENT EXECUTE FUNCTION heyan_append_only();

-- what happened on a day (Asia/Shanghai), with a provider, in a province, and with or in all of them: provider_id nil, province ''
CREATE TABLE daily_counts (
    provider_id UUID NOT NULL,
    day TEXT NOT NULL,
    province TEXT NOT NULL,
    what TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (provider_id, day, province, what)
);
CREATE INDEX daily_counts_province ON daily_counts (province, day);
