-- Stays (bitemporal: valid in the world, known to the register), who is in now, how many are in where, and who asked.
CREATE TABLE stay (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenancy_id bigint NOT NULL REFERENCES tenancy,
    unit_id bigint NOT NULL REFERENCES unit,
    area_id bigint NOT NULL REFERENCES area,
    person_id bigint NOT NULL REFERENCES person,
    valid tstzrange NOT NULL,
    known tstzrange NOT NULL,
    close_reason text,
    EXCLUDE USING gist (tenancy_id WITH =, valid WITH &&, known WITH &&)
);
CREATE INDEX ON stay (person_id) WHERE upper_inf(known);
CREATE INDEX ON stay (unit_id) WHERE upper_inf(known);
CREATE INDEX ON stay (area_id) WHERE upper_inf(known);

CREATE TABLE presence (
    person_id bigint NOT NULL REFERENCES person,
    unit_id bigint NOT NULL REFERENCES unit,
    area_id bigint NOT NULL REFERENCES area,
    state text NOT NULL CHECK (state IN ('in', 'out', 'unknown')),
    confidence text NOT NULL CHECK (confidence IN ('high', 'low')),
    reason text NOT NULL,
    since timestamptz NOT NULL,
    as_of timestamptz NOT NULL,
    PRIMARY KEY (unit_id, person_id)
) WITH (fillfactor = 60);
CREATE INDEX ON presence (person_id);

-- One row a unit; counts of larger places are kept beside it by the same transaction, so that a count is one indexed read.
CREATE TABLE unit_occupancy (
    unit_id bigint PRIMARY KEY REFERENCES unit,
    building_id bigint NOT NULL REFERENCES building,
    area_id bigint NOT NULL REFERENCES area,
    landlord_id bigint NOT NULL REFERENCES account,
    present integer NOT NULL DEFAULT 0 CHECK (present >= 0),
    unsure boolean NOT NULL DEFAULT false,
    residents integer NOT NULL DEFAULT 0 CHECK (residents >= 0),
    as_of timestamptz
) WITH (fillfactor = 60);
CREATE INDEX ON unit_occupancy (building_id);
CREATE INDEX ON unit_occupancy (area_id);

CREATE TABLE building_occupancy (
    building_id bigint PRIMARY KEY REFERENCES building,
    area_id bigint NOT NULL REFERENCES area,
    present integer NOT NULL DEFAULT 0 CHECK (present >= 0),
    unsure integer NOT NULL DEFAULT 0 CHECK (unsure >= 0),
    residents integer NOT NULL DEFAULT 0 CHECK (residents >= 0)
);

-- For every area of the tree: the grid itself and all above it.
CREATE TABLE area_occupancy (
    area_id bigint PRIMARY KEY REFERENCES area,
    present integer NOT NULL DEFAULT 0 CHECK (present >= 0),
    unsure integer NOT NULL DEFAULT 0 CHECK (unsure >= 0),
    residents integer NOT NULL DEFAULT 0 CHECK (residents >= 0)
);

-- Every place is counted from its first moment on, whoever adds it.
CREATE FUNCTION begin_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'area' THEN INSERT INTO area_occupancy (area_id) VALUES (NEW.id);
        WHEN 'building' THEN INSERT INTO building_occupancy (building_id, area_id) VALUES (NEW.id, NEW.area_id);
        WHEN 'unit' THEN INSERT INTO unit_occupancy (unit_id, building_id, area_id, landlord_id)
            VALUES (NEW.id, NEW.building_id, NEW.area_id, NEW.landlord_id);
    END CASE;
    RETURN NULL;
END $$;
CREATE TRIGGER area_counted AFTER INSERT ON area FOR EACH ROW EXECUTE FUNCTION begin_count();
CREATE TRIGGER building_counted AFTER INSERT ON building FOR EACH ROW EXECUTE FUNCTION begin_count();
CREATE TRIGGER unit_counted AFTER INSERT ON unit FOR EACH ROW EXECUTE FUNCTION begin_count();

-- How far each shard's live feed has come: a position moves with every batch that changed something a page shows.
CREATE TABLE feed_position (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    position bigint NOT NULL DEFAULT 0
);
INSERT INTO feed_position (shard) SELECT generate_series(0, 63);

-- Recorded before it is answered, refusals included. The question is kept sealed; the persons concerned see that it was asked.
CREATE TABLE inquiry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    role text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('person_by_document', 'person_by_name', 'unit', 'building')),
    question_sealed bytea NOT NULL,
    purpose text NOT NULL,
    basis text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('permitted', 'refused')),
    refusal text,
    asked_at timestamptz NOT NULL,
    CHECK ((outcome = 'refused') = (refusal IS NOT NULL))
);
CREATE TRIGGER inquiry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inquiry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE inquiry_subject (
    inquiry_id bigint NOT NULL REFERENCES inquiry,
    person_id bigint NOT NULL REFERENCES person,
    fields text[] NOT NULL,
    PRIMARY KEY (inquiry_id, person_id)
);
CREATE INDEX ON inquiry_subject (person_id);
CREATE TRIGGER inquiry_subject_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inquiry_subject
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
