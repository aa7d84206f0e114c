-- What staff find a request by where nobody is verified, and who left an SMS in doubt. Its twin is
-- migrations/postgres/0007_phones_and_doubts.sql.

-- the phones that nobody verifies, by keyed hash: of a request under review, or of a kind that is not verified
CREATE TABLE filing_phones (
    phone_hash BLOB NOT NULL,
    request_id BLOB NOT NULL REFERENCES filing_requests (id) ON DELETE CASCADE,
    key_id TEXT NOT NULL,
    PRIMARY KEY (phone_hash, request_id)
) STRICT;
CREATE INDEX filing_phones_request ON filing_phones (request_id);
-- they go with the persons, whichever version erases those
CREATE TRIGGER filing_phones_purged AFTER UPDATE OF purged_at ON filing_requests WHEN NEW.purged_at IS NOT NULL
BEGIN
    DELETE FROM filing_phones WHERE request_id = NEW.id;
END;

-- the gateway that was handed the message last and did not answer: a copy goes by another first
ALTER TABLE sms_messages ADD COLUMN doubted_by TEXT;

-- no statement goes by it any more
DROP INDEX events_staff;
