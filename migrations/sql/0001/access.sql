-- Grants (a person may open a unit's doors), the credentials that carry them on each lock, and each lock's access list.
CREATE TABLE access_grant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id bigint NOT NULL REFERENCES unit,
    area_id bigint NOT NULL REFERENCES area,
    landlord_id bigint NOT NULL REFERENCES account,
    person_id bigint NOT NULL REFERENCES person,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    offline_lease_s integer NOT NULL CHECK (offline_lease_s BETWEEN 3600 AND 7776000),
    granted_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (starts_at < ends_at)
);
CREATE INDEX ON access_grant (person_id);
CREATE INDEX ON access_grant (unit_id);
CREATE INDEX ON access_grant (ends_at) WHERE revoked_at IS NULL;

-- What we want the lock to hold (version, digest) beside what it last said it holds.
CREATE TABLE access_list (
    lock_id text PRIMARY KEY REFERENCES lock,
    version bigint NOT NULL DEFAULT 0,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    next_credential_id integer NOT NULL DEFAULT 1,
    held_version bigint,
    held_digest bytea,
    held_at timestamptz
);

-- credential_id is never used twice on one lock, so that a late event cannot blame the next tenant.
CREATE TABLE credential (
    lock_id text NOT NULL REFERENCES access_list,
    credential_id integer NOT NULL,
    grant_id bigint NOT NULL REFERENCES access_grant,
    unit_id bigint NOT NULL REFERENCES unit,
    person_id bigint NOT NULL REFERENCES person,
    type smallint NOT NULL CHECK (type IN (1, 2, 5)),
    entry_sealed bytea,
    entry_hash bytea NOT NULL CHECK (octet_length(entry_hash) = 32),
    added_version bigint NOT NULL,
    removed_version bigint,
    on_lock_at timestamptz,
    off_lock_at timestamptz,
    PRIMARY KEY (lock_id, credential_id),
    CHECK (removed_version > added_version)
);
CREATE INDEX ON credential (grant_id);
CREATE INDEX credential_awaiting ON credential (lock_id) WHERE on_lock_at IS NULL OR (removed_version IS NOT NULL AND off_lock_at IS NULL);
