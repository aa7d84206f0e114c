-- The bureau's staff and their console. Its twin is migrations/sqlite/0004_staff.sql.

-- totp: the sealed seed; totp_step: the last step used. Password and seed go with the account's removal, the name stays for the log
CREATE TABLE staff (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    province TEXT,
    password_hash TEXT,
    totp BYTEA,
    totp_step BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_login_at TIMESTAMPTZ,
    disabled_at TIMESTAMPTZ,
    removed_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX staff_name ON staff (name) WHERE removed_at IS NULL;

-- by the real clock, in a sandbox too; client: sealed address and browser
CREATE TABLE staff_sessions (
    id UUID NOT NULL PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    key_id TEXT NOT NULL,
    staff_id UUID NOT NULL REFERENCES staff (id),
    created_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    client BYTEA
);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id);
CREATE INDEX staff_sessions_end ON staff_sessions (ends_at);

-- bucket: keyed hash of a name and an address
CREATE TABLE staff_failures (
    bucket BYTEA NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX staff_failures_expiry ON staff_failures (expires_at);

-- 已受理
ALTER TABLE filing_requests ADD COLUMN accepted_at TIMESTAMPTZ;
CREATE INDEX filing_requests_queue ON filing_requests (province, handed_over_at, id) WHERE state = 'handed_over' AND accepted_at IS NULL;
CREATE INDEX filing_requests_queue_all ON filing_requests (handed_over_at, id) WHERE state = 'handed_over' AND accepted_at IS NULL;
CREATE INDEX filing_requests_reviews ON filing_requests (province, state, id) WHERE state = 'awaiting_phone_review';
CREATE INDEX filing_requests_reviews_all ON filing_requests (id) WHERE state = 'awaiting_phone_review';
CREATE INDEX filing_requests_province ON filing_requests (province, id);
CREATE INDEX verifications_passed ON verifications (province, verified_at, id) WHERE verified_at IS NOT NULL AND person IS NOT NULL;
CREATE INDEX verifications_passed_all ON verifications (verified_at, id) WHERE verified_at IS NOT NULL AND person IS NOT NULL;
