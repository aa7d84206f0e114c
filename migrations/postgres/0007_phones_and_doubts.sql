-- What staff find a request by where nobody is verified, and who left an SMS in doubt. Its twin is
-- migrations/sqlite/0007_phones_and_doubts.sql.

-- the phones that nobody verifies, by keyed hash: of a request under review, or of a kind that is not verified
CREATE TABLE filing_phones (
    phone_hash BYTEA NOT NULL,
    request_id UUID NOT NULL REFERENCES filing_requests (id) ON DELETE CASCADE,
    key_id TEXT NOT NULL,
    PRIMARY KEY (phone_hash, request_id)
);
CREATE INDEX filing_phones_request ON filing_phones (request_id);
-- they go with the persons, whichever version erases those
CREATE FUNCTION heyan_phones_purged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM filing_phones WHERE request_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER filing_phones_purged AFTER UPDATE OF purged_at ON filing_requests FOR EACH ROW
    WHEN (NEW.purged_at IS NOT NULL) EXECUTE FUNCTION heyan_phones_purged();

-- the gateway that was handed the message last and did not answer: a copy goes by another first
ALTER TABLE sms_messages ADD COLUMN doubted_by TEXT;

-- no statement goes by it any more
DROP INDEX events_staff;
