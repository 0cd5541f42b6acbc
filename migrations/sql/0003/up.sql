-- Releases of lock firmware and their staged roll-outs. Nothing here is about persons.
CREATE TABLE firmware_release (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor_id bytea NOT NULL CHECK (octet_length(vendor_id) = 16),
    class_id bytea NOT NULL CHECK (octet_length(class_id) = 16),
    sequence bigint NOT NULL CHECK (sequence > 0),
    version text NOT NULL,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    envelope bytea NOT NULL CHECK (octet_length(envelope) <= 512),
    image bytea NOT NULL CHECK (octet_length(image) BETWEEN 1 AND 16777216),
    added_at timestamptz NOT NULL,
    UNIQUE (vendor_id, class_id, sequence)
);
-- It is compressed already, if it can be.
ALTER TABLE firmware_release ALTER image SET STORAGE EXTERNAL;

CREATE TABLE firmware_rollout (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    release_id bigint NOT NULL REFERENCES firmware_release,
    class_id bytea NOT NULL,
    stages smallint[] NOT NULL,
    stage smallint NOT NULL DEFAULT 0,
    success_percent smallint NOT NULL,
    error_percent smallint NOT NULL,
    at_once integer NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'paused', 'stopped', 'aborted', 'done')),
    started_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
-- Two roll-outs at once would take each other's locks.
CREATE UNIQUE INDEX ON firmware_rollout (class_id) WHERE state IN ('running', 'paused');

CREATE TABLE firmware_update (
    rollout_id bigint NOT NULL REFERENCES firmware_rollout,
    lock_id text NOT NULL REFERENCES lock,
    stage smallint NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'offered', 'downloading', 'on_trial', 'installed', 'fell_back', 'failed',
        'withdrawing', 'withdrawn')),
    reason smallint NOT NULL DEFAULT 0,
    have bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (rollout_id, lock_id)
);
CREATE INDEX ON firmware_update (lock_id);
CREATE INDEX ON firmware_update (rollout_id, state, stage);

-- The operator's command runs as anmen_serve; the ingest moves updates on and reads images.
GRANT SELECT, INSERT ON firmware_release TO anmen_serve;
GRANT SELECT, INSERT, UPDATE ON firmware_rollout, firmware_update TO anmen_serve;
GRANT SELECT ON firmware_release TO anmen_ingest;
GRANT SELECT, UPDATE ON firmware_rollout, firmware_update TO anmen_ingest;
