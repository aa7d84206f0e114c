-- The phones that nobody verifies, by keyed hash: of a request under review, or of a kind that is not verified. For the staff,
-- who look for a request by its principal's phone; goes with the persons. Its twin is migrations/postgres/0007_filing_phones.sql.

CREATE TABLE filing_phones (
    phone_hash BLOB NOT NULL,
    request_id BLOB NOT NULL REFERENCES filing_requests (id),
    key_id TEXT NOT NULL,
    PRIMARY KEY (phone_hash, request_id)
) STRICT;
CREATE INDEX filing_phones_request ON filing_phones (request_id);
