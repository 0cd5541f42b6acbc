DROP TABLE lock_report;
DROP TABLE lock_release;

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
            service_key_wrapped = excluded.service_key_wrapped, key_epoch = excluded.key_epoch, revoked_at = NULL,
            link = 'unborn', birth_number = 0, provisioned_at = excluded.provisioned_at
        WHERE lock.revoked_at IS NOT NULL OR waiting.answered_at IS NOT NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lock % is somebody''s', waiting.lock_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    DELETE FROM lock_session s WHERE s.lock_id = waiting.lock_id;
    UPDATE lock_claim c SET answered_at = at, answered_session = attempt WHERE c.id = claim;
END $$;
DROP FUNCTION lock_is_nobodys;
ALTER TABLE lock DROP COLUMN revoked_as;
DROP INDEX lock_claim_landlord_id_begun_at_idx;
ALTER TABLE lock_claim DROP COLUMN spent_sessions;
DROP POLICY taken_by_the_function ON lock_claim;
DROP POLICY heard_from_locks ON lock_claim;
DROP POLICY asked_within_scope ON lock_claim;
ALTER TABLE lock_claim NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lock_claim DISABLE ROW LEVEL SECURITY;
