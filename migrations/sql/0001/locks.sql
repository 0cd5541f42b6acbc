-- Provisioned locks, their keys (the service's half wrapped by a key from outside the database), their sessions, and which door they hang on.
CREATE TABLE lock (
    id text PRIMARY KEY CHECK (id ~ '^L-[0-9A-HJKMNP-TV-Z]{12}$'),
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 63),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 65),
    service_key_wrapped bytea NOT NULL,
    key_epoch integer NOT NULL DEFAULT 1,
    link text NOT NULL DEFAULT 'unborn' CHECK (link IN ('unborn', 'unproven', 'live', 'stale')),
    birth_number bigint NOT NULL DEFAULT 0,
    last_seen_at timestamptz,
    hardware text,
    firmware text,
    capabilities jsonb NOT NULL DEFAULT '{}',
    battery_percent smallint,
    clock_quality smallint,
    clock_offset_ms bigint,
    provisioned_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX ON lock (shard);

-- One row a boot of the lock: its ephemeral key, whether it has echoed our challenge, and the replay window of its frames.
CREATE TABLE lock_session (
    lock_id text NOT NULL REFERENCES lock,
    session_id bytea NOT NULL CHECK (octet_length(session_id) = 8),
    ephemeral_key bytea NOT NULL CHECK (octet_length(ephemeral_key) = 65),
    birth_number bigint NOT NULL,
    boot_number bigint NOT NULL,
    log_epoch bigint NOT NULL,
    challenge bytea,
    proven_at timestamptz,
    replay_highest bigint NOT NULL DEFAULT -1,
    replay_mask bigint NOT NULL DEFAULT 0,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (lock_id, session_id)
);

CREATE TABLE door (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id bigint NOT NULL REFERENCES unit,
    lock_id text NOT NULL REFERENCES lock,
    name text NOT NULL DEFAULT '',
    hung tstzrange NOT NULL,
    EXCLUDE USING gist (lock_id WITH =, hung WITH &&)
);
CREATE INDEX ON door (unit_id);
-- A hash, because the planner thinks the exclusion's GiST as cheap as a B-tree; it is fifteen times as dear for each event.
CREATE INDEX ON door USING hash (lock_id);

-- Which ingest process speaks for a shard; the generation fences a holder that has lost its lease.
CREATE TABLE shard_lease (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    holder text,
    generation bigint NOT NULL DEFAULT 0,
    nonce bytea,
    expires_at timestamptz
);
INSERT INTO shard_lease (shard) SELECT generate_series(0, 63);

-- The ingest processes that are alive, so that each can tell its fair share of the shards.
CREATE TABLE ingest_worker (
    name text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

-- Frames that were refused before the database, counted per day and reason. lock_id is null where no known lock sent them.
CREATE TABLE frame_refusal (
    day date NOT NULL,
    reason text NOT NULL,
    lock_id text REFERENCES lock,
    refused bigint NOT NULL,
    last_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX ON frame_refusal (day, reason, lock_id) NULLS NOT DISTINCT;
