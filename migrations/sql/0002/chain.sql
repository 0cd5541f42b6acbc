-- The key that a lock signs its event chain with, and the heads it has signed.
ALTER TABLE lock ADD COLUMN signing_key bytea CHECK (octet_length(signing_key) = 65);

-- One row for each link that a lock has signed; a lock that signs the same link again only moves signed_ms on. The link is
-- part of the key: one that signs two different ones for the same number is two locks. Commitments stay when entries are erased.
CREATE TABLE chain_head (
    lock_id text NOT NULL REFERENCES lock,
    log_epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    link bytea NOT NULL CHECK (octet_length(link) = 32),
    signed_ms bigint NOT NULL,
    clock_quality smallint NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    received_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'verified', 'in_part', 'failed', 'unsigned')),
    checked_at timestamptz,
    commitments bytea,
    entries_erased_at timestamptz,
    PRIMARY KEY (lock_id, log_epoch, sequence, link)
);
CREATE INDEX chain_head_waiting ON chain_head (received_at) WHERE state = 'waiting';

GRANT SELECT, INSERT, UPDATE (signed_ms, clock_quality, signature, received_at) ON chain_head TO anmen_ingest;
GRANT SELECT, UPDATE (state, checked_at, commitments, entries_erased_at) ON chain_head TO anmen_serve;
