-- SMS by several gateways: which one has a message, what receipts say, what was learnt of a phone. Its twin is
-- migrations/sqlite/0005_sms.sql.

-- submitted_at: handed to `gateway`, which has not answered yet; whether it has the message is unknown until it does.
-- doubts: how often it went without an answer. refused_by: the gateways that never will, JSON. carrier: by whose chain it
-- was tried last. held_until: a ceiling or a gateway's pace keeps it until then. receipt: what receipts came to
ALTER TABLE sms_messages ADD COLUMN submitted_at TIMESTAMPTZ;
ALTER TABLE sms_messages ADD COLUMN doubts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sms_messages ADD COLUMN refused_by TEXT NOT NULL DEFAULT '[]';
ALTER TABLE sms_messages ADD COLUMN carrier TEXT;
ALTER TABLE sms_messages ADD COLUMN held_until TIMESTAMPTZ;
ALTER TABLE sms_messages ADD COLUMN receipt TEXT;
ALTER TABLE sms_messages ADD COLUMN receipt_at TIMESTAMPTZ;

-- a part of an accepted message under its gateway's own reference, and its receipt; without a message: the receipt came first,
-- or is about nothing of ours
CREATE TABLE sms_parts (
    gateway TEXT NOT NULL,
    reference TEXT NOT NULL,
    message_id UUID REFERENCES sms_messages (id),
    receipt TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (gateway, reference)
);
CREATE INDEX sms_parts_message ON sms_parts (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX sms_parts_stray ON sms_parts (created_at) WHERE message_id IS NULL;

-- the carriers that called a phone foreign (携号转网), JSON; goes with the phone's last verification
CREATE TABLE phone_carriers (
    phone_hash BYTEA NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    foreign_to TEXT NOT NULL,
    found_at TIMESTAMPTZ NOT NULL
);
