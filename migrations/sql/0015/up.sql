-- Claims are their landlord's alone; the function that takes a claimed lock belongs to the tables' owner, whom forced security binds, too.
ALTER TABLE lock_claim ENABLE ROW LEVEL SECURITY;
ALTER TABLE lock_claim FORCE ROW LEVEL SECURITY;
CREATE POLICY asked_within_scope ON lock_claim TO anmen_serve
    USING ((SELECT asks_as_system()) OR landlord_id = (SELECT asking_landlord()));
CREATE POLICY heard_from_locks ON lock_claim TO anmen_ingest USING (true);
CREATE POLICY taken_by_the_function ON lock_claim TO anmen_migrate USING (true);
CREATE INDEX ON lock_claim (landlord_id, begun_at);

-- Presses of the button that a later press has replaced: a broker that plays one again gives nobody its keys.
ALTER TABLE lock_claim ADD COLUMN spent_sessions bytea[] NOT NULL DEFAULT '{}';

-- Why a lock's keys are worth nothing any more. Only one that was released can be claimed again, and stays admitted at the broker.
ALTER TABLE lock ADD COLUMN revoked_as text CHECK (revoked_as IN ('stolen', 'broken', 'replaced', 'released'));
UPDATE lock SET revoked_as = 'replaced' WHERE revoked_at IS NOT NULL;
ALTER TABLE lock ADD CONSTRAINT lock_revoked_as CHECK ((revoked_at IS NULL) = (revoked_as IS NULL));

-- Nobody's is a lock that is released, or that never came back under the keys of the claim that took it last.
CREATE FUNCTION lock_is_nobodys(asked lock) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(asked.revoked_as = 'released', false) OR (asked.revoked_at IS NULL AND asked.birth_number = 0 AND EXISTS (
        SELECT FROM lock_claim c WHERE c.lock_id = asked.id AND c.answered_at = asked.provisioned_at AND c.hung_at IS NULL))
$$;

CREATE OR REPLACE FUNCTION take_claimed_lock(claim bigint, at timestamptz, attempt bytea, in_shard smallint, public bytea, signing bytea, epoch integer)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    waiting lock_claim%ROWTYPE;
BEGIN
    SELECT * INTO STRICT waiting FROM lock_claim c
        WHERE c.id = claim AND c.hung_at IS NULL AND c.begun_at <= at AND c.begun_at > at - interval '2 minutes' FOR UPDATE;
    INSERT INTO lock (id, shard, public_key, signing_key, service_key_wrapped, key_epoch, provisioned_at)
        VALUES (waiting.lock_id, in_shard, public, signing, waiting.service_key_wrapped, epoch, at)
        ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key, signing_key = excluded.signing_key,
            service_key_wrapped = excluded.service_key_wrapped, key_epoch = excluded.key_epoch, revoked_at = NULL, revoked_as = NULL,
            link = 'unborn', birth_number = 0, provisioned_at = excluded.provisioned_at
        WHERE lock_is_nobodys(lock);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lock % is somebody''s', waiting.lock_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    DELETE FROM lock_session s WHERE s.lock_id = waiting.lock_id;
    UPDATE lock_claim c SET answered_at = at, answered_session = attempt, spent_sessions = CASE WHEN c.answered_session IS NULL
        THEN c.spent_sessions ELSE c.spent_sessions || c.answered_session END WHERE c.id = claim;
END $$;

-- A landlord has given a lock away after it proved that it is empty. Its next secret follows from the keys of that epoch.
CREATE TABLE lock_release (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lock_id text NOT NULL REFERENCES lock,
    unit_id bigint NOT NULL REFERENCES unit,
    landlord_id bigint NOT NULL REFERENCES account,
    command_id bytea NOT NULL UNIQUE REFERENCES lock_command,
    key_epoch integer NOT NULL,
    released_at timestamptz NOT NULL
);
CREATE INDEX ON lock_release (lock_id);
GRANT SELECT, INSERT ON lock_release TO anmen_serve;
ALTER TABLE lock_release ENABLE ROW LEVEL SECURITY;
ALTER TABLE lock_release FORCE ROW LEVEL SECURITY;
CREATE POLICY asked_within_scope ON lock_release TO anmen_serve
    USING ((SELECT asks_as_system()) OR landlord_id = (SELECT asking_landlord()));

-- What a landlord says of a lock: stolen or broken. While somebody lives there it shuts nothing out before a tenant says so, too.
CREATE TABLE lock_report (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lock_id text NOT NULL REFERENCES lock,
    unit_id bigint NOT NULL REFERENCES unit,
    landlord_id bigint NOT NULL REFERENCES account,
    kind text NOT NULL CHECK (kind IN ('stolen', 'broken')),
    -- In the landlord's own words, so it may name somebody.
    reason_sealed bytea NOT NULL,
    reported_at timestamptz NOT NULL,
    confirmed_by bigint REFERENCES person,
    settled_at timestamptz
);
CREATE UNIQUE INDEX lock_report_open ON lock_report (lock_id) WHERE settled_at IS NULL;
CREATE INDEX ON lock_report (unit_id);
GRANT SELECT, INSERT, UPDATE (confirmed_by, settled_at) ON lock_report TO anmen_serve;
ALTER TABLE lock_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE lock_report FORCE ROW LEVEL SECURITY;
-- A tenant sees what was reported while living there.
CREATE POLICY asked_within_scope ON lock_report TO anmen_serve USING (
    (SELECT asks_as_system())
    OR landlord_id = (SELECT asking_landlord())
    OR EXISTS (SELECT FROM unit u WHERE u.id = lock_report.unit_id AND u.area_id = ANY ((SELECT asking_areas())::bigint[]))
    OR EXISTS (
        SELECT FROM tenancy t
        WHERE t.unit_id = lock_report.unit_id AND t.person_id = (SELECT asking_person()) AND t.starts_at <= coalesce(settled_at, 'infinity')
          AND reported_at < coalesce(t.ended_at, 'infinity')));
