-- A landlord's attempt to claim a lock by the secret under its cover; the secret and the service's new key go when it is done.
CREATE TABLE lock_claim (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lock_id text NOT NULL CHECK (lock_id ~ '^L-[0-9A-HJKMNP-TV-Z]{12}$'),
    unit_id bigint NOT NULL REFERENCES unit,
    landlord_id bigint NOT NULL REFERENCES account,
    replaces text REFERENCES lock,
    secret_sealed bytea NOT NULL,
    service_key_wrapped bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    answered_at timestamptz,
    answered_session bytea,
    hung_at timestamptz
);
CREATE INDEX ON lock_claim (lock_id, begun_at);
CREATE INDEX lock_revoked ON lock (shard) WHERE revoked_at IS NOT NULL;

-- The one way in which the process that listens to locks changes keys: those of a lock for which a landlord waits. A lock that is
-- claimed again keeps its number and its entries; its sessions and keys are gone.
CREATE FUNCTION take_claimed_lock(claim bigint, at timestamptz, attempt bytea, in_shard smallint, public bytea, signing bytea, epoch integer)
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
REVOKE ALL ON FUNCTION take_claimed_lock FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_claimed_lock TO anmen_ingest;

GRANT SELECT, INSERT, UPDATE ON lock_claim TO anmen_serve;
GRANT SELECT ON lock_claim TO anmen_ingest;
