-- What providers list, and what was imported for them. Its twin is migrations/postgres/0006_provider.sql.

-- a list goes by the narrowest of its filters; identifiers sort by submission
CREATE INDEX filing_requests_own_state ON filing_requests (provider_id, state, id);
CREATE INDEX filing_requests_own_kind ON filing_requests (provider_id, kind, id);
CREATE INDEX filing_requests_own_province ON filing_requests (provider_id, province, id);
CREATE INDEX filing_requests_own_reference ON filing_requests (provider_id, provider_reference, id);

-- which request a row of an imported file made: the file's keyed hash, and the request's first row in it. Goes with the persons
CREATE TABLE imported_rows (
    provider_id BLOB NOT NULL REFERENCES providers (id),
    file_hash BLOB NOT NULL,
    first_row INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    request_id BLOB NOT NULL UNIQUE REFERENCES filing_requests (id),
    PRIMARY KEY (provider_id, file_hash, first_row)
) STRICT;

-- a bureau's own by a provider's reference, however many others have one of that name
DROP INDEX filing_requests_reference;
CREATE INDEX filing_requests_reference ON filing_requests (provider_reference, province, id);
