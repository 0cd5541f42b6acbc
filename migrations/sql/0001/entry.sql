-- The append-only register of what the locks said, and per lock and log epoch how far it is complete.
CREATE TABLE entry_cursor (
    lock_id text NOT NULL REFERENCES lock,
    log_epoch bigint NOT NULL,
    stored_up_to bigint NOT NULL DEFAULT 0,
    above int8multirange NOT NULL DEFAULT '{}',
    lost int8multirange NOT NULL DEFAULT '{}',
    PRIMARY KEY (lock_id, log_epoch)
) WITH (fillfactor = 60); -- rewritten with every batch: room for the new version on the same page

-- Partitioned by the service's own time, which cannot lie. The cursor decides what is new; the key is only a net.
CREATE TABLE entry (
    lock_id text NOT NULL,
    log_epoch bigint NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    recorded_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    device_ms bigint NOT NULL,
    clock_quality smallint NOT NULL,
    boot_number bigint NOT NULL,
    type integer NOT NULL,
    operation smallint,
    unit_id bigint,
    area_id bigint,
    person_id bigint,
    credential_id integer,
    list_version bigint,
    source smallint,
    direction smallint,
    code smallint,
    score_band smallint,
    liveness smallint,
    live boolean NOT NULL,
    fields bytea,
    PRIMARY KEY (lock_id, log_epoch, sequence, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX ON entry (unit_id, occurred_at);
CREATE INDEX ON entry (person_id, occurred_at) WHERE person_id IS NOT NULL;
CREATE TABLE entry_rest PARTITION OF entry DEFAULT;
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Statement triggers do not reach somebody who names a partition; row triggers are cloned onto each of them.
CREATE TRIGGER entry_part_append_only BEFORE UPDATE OR DELETE ON entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Makes the month's partition that holds the instant; safe to call by many at once. Owned by the migrating role.
CREATE FUNCTION make_entry_partition(at timestamptz) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first timestamptz := date_trunc('month', at, 'UTC');
    name text := 'entry_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_entry_partition'));
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF entry FOR VALUES FROM (%L) TO (%L)', name, first, first + interval '1 month');
    END IF;
    RETURN name;
END $$;

-- Authenticated frames that could not be stored; they count as stored, or the lock would send them for ever.
CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lock_id text NOT NULL REFERENCES lock,
    log_epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    problem text NOT NULL,
    event_sealed bytea NOT NULL,
    recorded_at timestamptz NOT NULL
);
