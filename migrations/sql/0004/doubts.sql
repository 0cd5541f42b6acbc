-- Every boot of a lock that has echoed a fresh challenge, in that order: two devices with one identity cannot keep to it.
CREATE TABLE proven_boot (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lock_id text NOT NULL REFERENCES lock,
    session_id bytea NOT NULL CHECK (octet_length(session_id) = 8),
    boot_number bigint NOT NULL,
    log_epoch bigint NOT NULL,
    proven_at timestamptz NOT NULL
);
CREATE INDEX ON proven_boot (lock_id, id);

-- What speaks against a lock being the lock, until somebody has seen to it.
CREATE TABLE identity_doubt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lock_id text NOT NULL REFERENCES lock,
    kind text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    settled_at timestamptz,
    settled_by bigint REFERENCES account
);
CREATE UNIQUE INDEX identity_doubt_open ON identity_doubt (lock_id, kind) WHERE settled_at IS NULL;

GRANT SELECT, INSERT ON proven_boot TO anmen_ingest;
GRANT SELECT, INSERT, UPDATE (last_at, times) ON identity_doubt TO anmen_ingest;
GRANT SELECT, INSERT, UPDATE ON identity_doubt TO anmen_serve;
