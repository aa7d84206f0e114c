-- What providers are told (Standard Webhooks). Its twin is migrations/postgres/0002_webhooks.sql.

-- the endpoint answered 410: nothing is sent there until it is set anew
ALTER TABLE providers ADD COLUMN webhook_disabled_at TEXT;

-- the webhooks' outbox; id is the webhook-id, sealed the body as it is sent. Of a request one delivery at a time is queued, its
-- later events wait: so they arrive in order. A claim moves next_attempt_at to the end of its lease
CREATE TABLE webhook_deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    event_id INTEGER NOT NULL UNIQUE REFERENCES events (id),
    provider_id BLOB NOT NULL REFERENCES providers (id),
    request_id BLOB NOT NULL REFERENCES filing_requests (id),
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    give_up_at TEXT NOT NULL,
    lease_token BLOB,
    sealed BLOB,
    last_attempt_at TEXT,
    last_status INTEGER,
    last_error TEXT,
    ended_at TEXT
) STRICT;
CREATE UNIQUE INDEX webhook_deliveries_head ON webhook_deliveries (request_id) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_next ON webhook_deliveries (next_attempt_at) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (provider_id, next_attempt_at) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_request ON webhook_deliveries (request_id, event_id);
CREATE INDEX webhook_deliveries_provider ON webhook_deliveries (provider_id, event_id);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (provider_id, state, event_id);
