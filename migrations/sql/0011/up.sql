-- The chain key of each past key epoch of a lock, sealed: what is needed to check what was recorded under it, and nothing else.
CREATE TABLE past_chain_key (
    lock_id text NOT NULL REFERENCES lock,
    key_epoch integer NOT NULL,
    key_sealed bytea NOT NULL,
    retired_at timestamptz NOT NULL,
    look_again_at timestamptz NOT NULL,
    PRIMARY KEY (lock_id, key_epoch)
);
CREATE INDEX ON past_chain_key (look_again_at);
GRANT SELECT, INSERT ON past_chain_key TO anmen_ingest;
GRANT SELECT, DELETE, UPDATE (look_again_at) ON past_chain_key TO anmen_serve;

-- Under which keys the lock was when it signed.
ALTER TABLE chain_head ADD COLUMN key_epoch integer NOT NULL DEFAULT 1;
UPDATE chain_head h SET key_epoch = l.key_epoch FROM lock l WHERE l.id = h.lock_id AND l.key_epoch <> 1;
ALTER TABLE chain_head ALTER COLUMN key_epoch DROP DEFAULT;
