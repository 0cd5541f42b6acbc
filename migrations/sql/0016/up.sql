-- Whether the police ask. A call for help of somebody who is forced is theirs alone: grid staff are neighbours.
CREATE FUNCTION asking_police() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('anmen.police', true), '') = 'yes' $$;

-- What the locks have raised and people must see to, each room, lock and kind once until somebody does: how often, from when
-- to when at the door, and who saw to it. It names no person.
CREATE TABLE alarm (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lock_id text NOT NULL REFERENCES lock,
    unit_id bigint NOT NULL REFERENCES unit,
    area_id bigint NOT NULL REFERENCES area,
    kind text NOT NULL CHECK (kind IN ('duress', 'forced_open', 'tamper', 'fire')),
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    attended_at timestamptz,
    attended_by bigint REFERENCES account,
    closed_at timestamptz,
    closed_by bigint REFERENCES account,
    CHECK ((attended_at IS NULL) = (attended_by IS NULL)),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK (closed_at IS NULL OR attended_at IS NOT NULL)
);
CREATE UNIQUE INDEX alarm_open ON alarm (lock_id, unit_id, kind) WHERE attended_at IS NULL;
CREATE INDEX alarm_of_area ON alarm (area_id) WHERE closed_at IS NULL;

GRANT SELECT ON alarm TO anmen_serve;
GRANT UPDATE (attended_at, attended_by, closed_at, closed_by) ON alarm TO anmen_serve;
GRANT SELECT, INSERT, UPDATE (first_at, last_at, times) ON alarm TO anmen_ingest;

ALTER TABLE alarm ENABLE ROW LEVEL SECURITY;
ALTER TABLE alarm FORCE ROW LEVEL SECURITY;
CREATE POLICY asked_within_scope ON alarm TO anmen_serve USING (
    (SELECT asks_as_system())
    OR (area_id = ANY((SELECT asking_areas())::bigint[]) AND (kind <> 'duress' OR (SELECT asking_police()))));
CREATE POLICY heard_from_locks ON alarm TO anmen_ingest USING (true);
