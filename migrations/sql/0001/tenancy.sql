-- From the landlord's invitation over the tenant's registration to the tenancy.
CREATE TABLE invitation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id bigint NOT NULL REFERENCES unit,
    area_id bigint NOT NULL REFERENCES area,
    landlord_id bigint NOT NULL REFERENCES account,
    token_hash bytea UNIQUE,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at timestamptz,
    form_token_hash bytea UNIQUE,
    form_expires_at timestamptz,
    withdrawn_at timestamptz,
    CHECK (starts_at < ends_at)
);
CREATE INDEX ON invitation (unit_id);

-- What the tenant submitted, waiting for the landlord. Name, phone, password hash, PIN and template wait here sealed and
-- are gone once it is decided, so that an invitation link alone changes nothing about a person or an account.
CREATE TABLE registration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invitation_id bigint NOT NULL UNIQUE REFERENCES invitation,
    unit_id bigint NOT NULL REFERENCES unit,
    area_id bigint NOT NULL REFERENCES area,
    landlord_id bigint NOT NULL REFERENCES account,
    person_id bigint NOT NULL REFERENCES person,
    state text NOT NULL DEFAULT 'submitted' CHECK (state IN ('submitted', 'confirmed', 'refused')),
    with_face boolean NOT NULL,
    form_sealed bytea,
    template_sealed bytea,
    face_engine text,
    face_verdict text CHECK (face_verdict IN ('match', 'review')),
    face_band smallint CHECK (face_band BETWEEN 0 AND 4),
    submitted_at timestamptz NOT NULL,
    decided_at timestamptz,
    CHECK ((state = 'submitted') = (form_sealed IS NOT NULL)),
    CHECK (state = 'submitted' OR template_sealed IS NULL),
    CHECK (with_face OR template_sealed IS NULL)
);

CREATE TABLE tenancy (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    registration_id bigint NOT NULL UNIQUE REFERENCES registration,
    grant_id bigint NOT NULL REFERENCES access_grant,
    unit_id bigint NOT NULL REFERENCES unit,
    area_id bigint NOT NULL REFERENCES area,
    landlord_id bigint NOT NULL REFERENCES account,
    person_id bigint NOT NULL REFERENCES person,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text CHECK (ended_by IN ('date', 'landlord', 'tenant')),
    CHECK (starts_at < ends_at),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    EXCLUDE USING gist (unit_id WITH =, person_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (ended_at IS NULL)
);
CREATE INDEX ON tenancy (unit_id);
CREATE INDEX ON tenancy (person_id);
CREATE INDEX ON tenancy (ends_at) WHERE ended_at IS NULL;
