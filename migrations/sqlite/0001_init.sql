-- The first schema. Its twin is migrations/postgres/0001_init.sql: the same tables, columns and indexes, line by line.
-- Sealed columns are AES-256-GCM-SIV with the key's id inside; *_hash are keyed hashes, the key's id beside them (*_key, key_id).
-- Here a UUID is a BLOB of 16 bytes, a time RFC 3339 text in UTC (which sorts by time), a truth value 0 or 1.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
-- the oldest heyan that can run on this schema; every migration that breaks an older one raises it
INSERT INTO meta (key, value) VALUES ('oldest_version', '0.1.0');

CREATE TABLE providers (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    webhook_url TEXT,
    created_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT;

-- API keys; two are valid while one is rotated
CREATE TABLE provider_keys (
    hash BLOB NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    provider_id BLOB NOT NULL REFERENCES providers (id),
    created_at TEXT NOT NULL,
    expires_at TEXT
) STRICT;
CREATE INDEX provider_keys_provider ON provider_keys (provider_id);
CREATE INDEX provider_keys_expiry ON provider_keys (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE webhook_secrets (
    id BLOB NOT NULL PRIMARY KEY,
    provider_id BLOB NOT NULL REFERENCES providers (id),
    sealed BLOB NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT
) STRICT;
CREATE INDEX webhook_secrets_provider ON webhook_secrets (provider_id);
CREATE INDEX webhook_secrets_expiry ON webhook_secrets (expires_at) WHERE expires_at IS NOT NULL;

-- version is the whole aggregate's: a change to the request or to one of its verifications raises it
CREATE TABLE filing_requests (
    id BLOB NOT NULL PRIMARY KEY,
    provider_id BLOB NOT NULL REFERENCES providers (id),
    province TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider_reference TEXT,
    resubmits BLOB UNIQUE REFERENCES filing_requests (id),
    state TEXT NOT NULL,
    return_reason TEXT,
    return_detail TEXT,
    policy TEXT,
    one_pass INTEGER NOT NULL,
    submitted_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    handed_over_at TEXT,
    version INTEGER NOT NULL,
    content BLOB,
    purged_at TEXT
) STRICT;
CREATE INDEX filing_requests_provider ON filing_requests (provider_id, id);
CREATE INDEX filing_requests_bureau ON filing_requests (province, state, handed_over_at);
CREATE INDEX filing_requests_reference ON filing_requests (provider_reference);
CREATE INDEX filing_requests_unpurged ON filing_requests (ended_at) WHERE ended_at IS NOT NULL AND purged_at IS NULL;

-- one per distinct phone of a request; person is the sealed {phone, name}
CREATE TABLE verifications (
    id BLOB NOT NULL PRIMARY KEY,
    request_id BLOB NOT NULL REFERENCES filing_requests (id),
    ordinal INTEGER NOT NULL,
    province TEXT NOT NULL,
    phone_hash BLOB,
    phone_key TEXT NOT NULL,
    tail_hash BLOB,
    tail_key TEXT NOT NULL,
    link_hash BLOB UNIQUE,
    link_key TEXT,
    person BLOB,
    principals TEXT NOT NULL,
    state TEXT NOT NULL,
    wrong_tries INTEGER NOT NULL,
    manual_resends INTEGER NOT NULL,
    first_sent_at TEXT,
    expires_at TEXT NOT NULL,
    noon_at TEXT,
    verified_at TEXT,
    ended_at TEXT,
    UNIQUE (request_id, ordinal)
) STRICT;
CREATE INDEX verifications_phone ON verifications (phone_hash, province);
CREATE INDEX verifications_expiry ON verifications (expires_at) WHERE state = 'pending';
CREATE INDEX verifications_noon ON verifications (noon_at) WHERE state = 'pending' AND noon_at IS NOT NULL;

-- the hash is of phone and code together: no two unpurged codes of one phone are equal (S0)
CREATE TABLE sms_codes (
    code_hash BLOB NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    verification_id BLOB NOT NULL REFERENCES verifications (id),
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX sms_codes_verification ON sms_codes (verification_id);

-- the outbox. A claim moves next_attempt_at to the end of its lease, so that one index finds both what is due and what was lost
CREATE TABLE sms_messages (
    id BLOB NOT NULL PRIMARY KEY,
    verification_id BLOB NOT NULL REFERENCES verifications (id),
    request_id BLOB NOT NULL REFERENCES filing_requests (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    queued_at TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    lease_token BLOB,
    sealed BLOB,
    accepted_at TEXT,
    ended_at TEXT,
    gateway TEXT,
    gateway_ref TEXT
) STRICT;
CREATE INDEX sms_messages_due ON sms_messages (next_attempt_at) WHERE state = 'queued';
CREATE INDEX sms_messages_verification ON sms_messages (verification_id);
CREATE INDEX sms_messages_inbox ON sms_messages (accepted_at) WHERE state = 'accepted' AND sealed IS NOT NULL;

-- captchas used up; result is the sealed outcome that an identical POST gets again
CREATE TABLE captcha_uses (
    id_hash BLOB NOT NULL PRIMARY KEY,
    form_digest BLOB NOT NULL,
    used_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    result BLOB,
    settled INTEGER NOT NULL,
    limited INTEGER NOT NULL
) STRICT;
CREATE INDEX captcha_uses_expiry ON captcha_uses (expires_at);

-- bucket: keyed hash of who, what and which window
CREATE TABLE limit_counters (
    bucket BLOB NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX limit_counters_expiry ON limit_counters (expires_at);

-- append-only, no personal data
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id BLOB NOT NULL REFERENCES filing_requests (id),
    verification_id BLOB REFERENCES verifications (id),
    at TEXT NOT NULL,
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE INDEX events_request ON events (request_id, id);

-- request_id NULL: the first call is still running, until lease_until
CREATE TABLE idempotency_keys (
    provider_id BLOB NOT NULL REFERENCES providers (id),
    key_hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    body_digest BLOB NOT NULL,
    request_id BLOB REFERENCES filing_requests (id),
    created_at TEXT NOT NULL,
    lease_until TEXT,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (provider_id, key_hash)
) STRICT;
CREATE INDEX idempotency_keys_request ON idempotency_keys (request_id);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

CREATE TABLE visitors (
    page TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT;
