-- Accounts, areas (GB/T 2260 codes down to the community, then grids), buildings, units and doors.
CREATE TABLE area (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id bigint REFERENCES area,
    level text NOT NULL CHECK (level IN ('county', 'town', 'community', 'grid')),
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    name_en text NOT NULL
);
CREATE INDEX ON area (parent_id);

-- The areas themselves and all below them.
CREATE FUNCTION areas_below(roots bigint[]) RETURNS SETOF bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE below (id) AS (
        SELECT id FROM area WHERE id = ANY (roots)
        UNION
        SELECT area.id FROM area JOIN below ON area.parent_id = below.id
    )
    SELECT id FROM below
$$;

CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login_index bytea NOT NULL UNIQUE,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('landlord', 'tenant', 'grid_worker', 'officer')),
    name_sealed bytea NOT NULL,
    person_id bigint,
    locale text NOT NULL DEFAULT 'zh' CHECK (locale IN ('zh', 'en')),
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    CHECK ((role = 'tenant') = (person_id IS NOT NULL))
);

CREATE TABLE account_area (
    account_id bigint NOT NULL REFERENCES account,
    area_id bigint NOT NULL REFERENCES area,
    PRIMARY KEY (account_id, area_id)
);

CREATE TABLE sign_in (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON sign_in (expires_at);

-- Failed sign-ins per login (blind index, so that unknown logins leave no name behind).
CREATE TABLE sign_in_failure (
    login_index bytea NOT NULL,
    failed_at timestamptz NOT NULL
);
CREATE INDEX ON sign_in_failure (login_index, failed_at);

CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    account_id bigint,
    role text,
    act text NOT NULL CHECK (act ~ '^[a-z_]+:[a-z_]+:[a-z_]+$'),
    subject_id text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE building (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES area,
    landlord_id bigint NOT NULL REFERENCES account,
    address text NOT NULL
);
CREATE INDEX ON building (area_id);
CREATE INDEX ON building (landlord_id);

-- area_id and landlord_id repeat the building's, so that row-level security needs no join on the hot tables.
CREATE TABLE unit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    building_id bigint NOT NULL REFERENCES building,
    area_id bigint NOT NULL REFERENCES area,
    landlord_id bigint NOT NULL REFERENCES account,
    number text NOT NULL,
    capacity smallint NOT NULL DEFAULT 2 CHECK (capacity BETWEEN 1 AND 50),
    UNIQUE (building_id, number)
);
CREATE INDEX ON unit (landlord_id);
CREATE INDEX ON unit (area_id);
