-- What was ordered of a lock, by whom, and what the lock has said of it. Nothing sealed for the wire is kept: it is sealed when it goes out.
CREATE TABLE lock_command (
    id bytea PRIMARY KEY CHECK (octet_length(id) = 16),
    lock_id text NOT NULL REFERENCES lock,
    unit_id bigint NOT NULL REFERENCES unit,
    landlord_id bigint NOT NULL REFERENCES account,
    -- Who ordered it: a tenant is a person, a landlord is none.
    account_id bigint NOT NULL REFERENCES account,
    person_id bigint REFERENCES person,
    kind smallint NOT NULL,
    seconds integer NOT NULL DEFAULT 0,
    relock_s integer NOT NULL DEFAULT 0,
    ajar_s integer NOT NULL DEFAULT 0,
    challenge bytea NOT NULL DEFAULT '',
    emergency text CHECK (emergency IN ('fire', 'water', 'gas', 'person_in_danger')),
    -- In the landlord's own words, so it may name somebody.
    reason_sealed bytea,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sent', 'accepted', 'running', 'done', 'failed', 'expired', 'silent')),
    failure smallint NOT NULL DEFAULT 0,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    told_at timestamptz,
    -- The log that the lock had when it was told; a wipe has to begin another.
    told_epoch bigint,
    ended_at timestamptz,
    answer jsonb,
    proof bytea,
    CHECK (issued_at < expires_at),
    CHECK ((emergency IS NULL) = (reason_sealed IS NULL))
);
CREATE INDEX ON lock_command (lock_id, issued_at);
CREATE INDEX ON lock_command (unit_id, issued_at);
CREATE INDEX lock_command_outstanding ON lock_command (lock_id) WHERE state IN ('waiting', 'sent', 'accepted', 'running');

GRANT SELECT, INSERT ON lock_command TO anmen_serve;
GRANT SELECT, UPDATE (state, failure, told_at, told_epoch, ended_at, answer, proof) ON lock_command TO anmen_ingest;

-- A landlord does not see when a tenant opens the own door from afar; a tenant sees what the landlord ordered while living there.
ALTER TABLE lock_command ENABLE ROW LEVEL SECURITY;
ALTER TABLE lock_command FORCE ROW LEVEL SECURITY;
CREATE POLICY asked_within_scope ON lock_command TO anmen_serve USING (
    (SELECT asks_as_system())
    OR (landlord_id = (SELECT asking_landlord()) AND person_id IS NULL)
    OR person_id = (SELECT asking_person())
    OR (person_id IS NULL AND EXISTS (
        SELECT FROM tenancy t
        WHERE t.unit_id = lock_command.unit_id AND t.person_id = (SELECT asking_person())
          AND issued_at >= t.starts_at AND issued_at < coalesce(t.ended_at, 'infinity'))));
CREATE POLICY heard_from_locks ON lock_command TO anmen_ingest USING (true);
