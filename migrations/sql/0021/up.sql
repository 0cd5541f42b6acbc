-- The pair that is to come: the service's half, and the lock's once it has answered. One a lock; it goes when it is proven or called off.
CREATE TABLE next_lock_key (
    lock_id text PRIMARY KEY REFERENCES lock,
    key_epoch integer NOT NULL,
    service_key_wrapped bytea NOT NULL,
    lock_public_key bytea CHECK (octet_length(lock_public_key) = 65),
    offers integer NOT NULL DEFAULT 0,
    offer_at timestamptz NOT NULL,
    refusal smallint,
    begun_at timestamptz NOT NULL,
    answered_at timestamptz
);
CREATE INDEX ON next_lock_key (offer_at);

-- The highest epoch for which keys were ever offered, and when the present ones came over the link.
ALTER TABLE lock ADD COLUMN offered_epoch integer NOT NULL DEFAULT 0, ADD COLUMN rotated_at timestamptz;
-- Under which keys a session speaks; 0: the lock's present ones.
ALTER TABLE lock_session ADD COLUMN key_epoch integer NOT NULL DEFAULT 0;

GRANT SELECT, INSERT, UPDATE, DELETE ON next_lock_key TO anmen_ingest;
GRANT SELECT, DELETE ON next_lock_key TO anmen_serve;
GRANT UPDATE (offered_epoch) ON lock TO anmen_ingest;

-- The other way in which keys change: a lock has proven itself under the pair that it was offered. False where that was called off.
CREATE FUNCTION take_next_lock_key(which text, epoch integer, at timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    next next_lock_key%ROWTYPE;
BEGIN
    DELETE FROM next_lock_key n WHERE n.lock_id = which AND n.key_epoch = epoch AND n.lock_public_key IS NOT NULL
        RETURNING * INTO next;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE lock l SET public_key = next.lock_public_key, service_key_wrapped = next.service_key_wrapped,
        key_epoch = next.key_epoch, rotated_at = at WHERE l.id = which AND l.key_epoch < next.key_epoch;
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION take_next_lock_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_next_lock_key TO anmen_ingest;
