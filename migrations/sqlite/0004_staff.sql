-- The bureau's staff and their console. Its twin is migrations/postgres/0004_staff.sql.

-- totp: the sealed seed; totp_step: the last step used. Password and seed go with the account's removal, the name stays for the log
CREATE TABLE staff (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    province TEXT,
    password_hash TEXT,
    totp BLOB,
    totp_step INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    last_login_at TEXT,
    disabled_at TEXT,
    removed_at TEXT
) STRICT;
CREATE UNIQUE INDEX staff_name ON staff (name) WHERE removed_at IS NULL;

-- by the real clock, in a sandbox too; client: sealed address and browser
CREATE TABLE staff_sessions (
    id BLOB NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    key_id TEXT NOT NULL,
    staff_id BLOB NOT NULL REFERENCES staff (id),
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    client BLOB
) STRICT;
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id);
CREATE INDEX staff_sessions_end ON staff_sessions (ends_at);

-- bucket: keyed hash of a name and an address
CREATE TABLE staff_failures (
    bucket BLOB NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX staff_failures_expiry ON staff_failures (expires_at);

-- 已受理
ALTER TABLE filing_requests ADD COLUMN accepted_at TEXT;
CREATE INDEX filing_requests_queue ON filing_requests (province, handed_over_at, id) WHERE state = 'handed_over' AND accepted_at IS NULL;
CREATE INDEX filing_requests_queue_all ON filing_requests (handed_over_at, id) WHERE state = 'handed_over' AND accepted_at IS NULL;
-- state too: else SQLite, which counts no rows, takes the index of all of a province's requests
CREATE INDEX filing_requests_reviews ON filing_requests (province, state, id) WHERE state = 'awaiting_phone_review';
CREATE INDEX filing_requests_reviews_all ON filing_requests (id) WHERE state = 'awaiting_phone_review';
CREATE INDEX filing_requests_province ON filing_requests (province, id);
CREATE INDEX verifications_passed ON verifications (province, verified_at, id) WHERE verified_at IS NOT NULL AND person IS NOT NULL;
CREATE INDEX verifications_passed_all ON verifications (verified_at, id) WHERE verified_at IS NOT NULL AND person IS NOT NULL;
