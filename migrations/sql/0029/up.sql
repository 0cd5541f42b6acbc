-- A house passes to another landlord. Of the code that is handed over only a keyed hash is kept, and that until it is used.
CREATE TABLE building_transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    building_id bigint NOT NULL REFERENCES building,
    area_id bigint NOT NULL REFERENCES area,
    from_id bigint NOT NULL REFERENCES account,
    to_id bigint REFERENCES account CHECK (to_id <> from_id),
    code_hash bytea UNIQUE CHECK (octet_length(code_hash) = 32),
    state text NOT NULL DEFAULT 'offered' CHECK (state IN ('offered', 'opened', 'accepted', 'called_off')),
    offered_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at timestamptz,
    ended_at timestamptz,
    CHECK ((state = 'offered') = (code_hash IS NOT NULL)),
    CHECK ((state IN ('accepted', 'called_off')) = (ended_at IS NOT NULL)),
    CHECK (state IN ('offered', 'called_off') OR to_id IS NOT NULL)
);
CREATE UNIQUE INDEX building_transfer_open ON building_transfer (building_id) WHERE ended_at IS NULL;
CREATE INDEX ON building_transfer (from_id);
CREATE INDEX ON building_transfer (to_id);
GRANT SELECT, INSERT, UPDATE (to_id, code_hash, state, expires_at, opened_at, ended_at) ON building_transfer TO anmen_serve;
ALTER TABLE building_transfer ENABLE ROW LEVEL SECURITY;
ALTER TABLE building_transfer FORCE ROW LEVEL SECURITY;
-- The two whom it is about; and once it is done those who lived there, and whoever works in the area.
CREATE POLICY asked_within_scope ON building_transfer TO anmen_serve USING (
    (SELECT asks_as_system())
    OR from_id = (SELECT asking_landlord())
    OR to_id = (SELECT asking_landlord())
    OR (state = 'accepted' AND (
        area_id = ANY((SELECT asking_areas())::bigint[])
        OR EXISTS (SELECT FROM tenancy t JOIN unit u ON u.id = t.unit_id
            WHERE u.building_id = building_transfer.building_id AND t.person_id = (SELECT asking_person())
              AND coalesce(t.ended_at, 'infinity') > building_transfer.ended_at))));

-- Codes that were none, so that nobody goes on trying. Nothing older than a day is kept.
CREATE TABLE transfer_try (
    account_id bigint NOT NULL REFERENCES account,
    tried_at timestamptz NOT NULL
);
CREATE INDEX ON transfer_try (account_id, tried_at);
GRANT SELECT, INSERT, DELETE ON transfer_try TO anmen_serve;

-- What was over when its landlord sold the house: it keeps its landlord, who sees it no more.
ALTER TABLE tenancy ADD COLUMN given_up_at timestamptz;
ALTER TABLE registration ADD COLUMN given_up_at timestamptz;
ALTER TABLE access_grant ADD COLUMN given_up_at timestamptz;
ALTER TABLE tenancy_notice ADD COLUMN given_up_at timestamptz;
ALTER TABLE lock_command ADD COLUMN given_up_at timestamptz;
GRANT UPDATE (given_up_at) ON lock_command TO anmen_serve;
GRANT UPDATE (landlord_id) ON lock_report TO anmen_serve;

ALTER POLICY asked_within_scope ON tenancy USING ((SELECT asks_as_system()) OR area_id = ANY((SELECT asking_areas())::bigint[])
    OR (landlord_id = (SELECT asking_landlord()) AND given_up_at IS NULL) OR person_id = (SELECT asking_person()));
ALTER POLICY asked_within_scope ON registration USING ((SELECT asks_as_system())
    OR (landlord_id = (SELECT asking_landlord()) AND given_up_at IS NULL) OR person_id = (SELECT asking_person()));
ALTER POLICY asked_within_scope ON access_grant USING ((SELECT asks_as_system()) OR area_id = ANY((SELECT asking_areas())::bigint[])
    OR (landlord_id = (SELECT asking_landlord()) AND given_up_at IS NULL) OR person_id = (SELECT asking_person()));
ALTER POLICY asked_within_scope ON tenancy_notice USING ((SELECT asks_as_system()) OR area_id = ANY((SELECT asking_areas())::bigint[])
    OR (landlord_id = (SELECT asking_landlord()) AND given_up_at IS NULL) OR person_id = (SELECT asking_person()));
ALTER POLICY asked_within_scope ON lock_command USING (
    (SELECT asks_as_system())
    OR (landlord_id = (SELECT asking_landlord()) AND person_id IS NULL AND given_up_at IS NULL)
    OR person_id = (SELECT asking_person())
    OR (person_id IS NULL AND EXISTS (
        SELECT FROM tenancy t
        WHERE t.unit_id = lock_command.unit_id AND t.person_id = (SELECT asking_person())
          AND issued_at >= t.starts_at AND issued_at < coalesce(t.ended_at, 'infinity'))));
