-- A door of the whole house belongs to no room: nobody lives behind it, and nobody is counted there.
ALTER TABLE unit ADD COLUMN shared boolean NOT NULL DEFAULT false;
ALTER TABLE unit ADD UNIQUE (id, shared);
CREATE OR REPLACE FUNCTION begin_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'area' THEN INSERT INTO area_occupancy (area_id) VALUES (NEW.id);
        WHEN 'building' THEN INSERT INTO building_occupancy (building_id, area_id) VALUES (NEW.id, NEW.area_id);
        WHEN 'unit' THEN
            IF NOT NEW.shared THEN
                INSERT INTO unit_occupancy (unit_id, building_id, area_id, landlord_id)
                VALUES (NEW.id, NEW.building_id, NEW.area_id, NEW.landlord_id);
            END IF;
    END CASE;
    RETURN NULL;
END $$;

-- Hours in which a door stands unlocked for everybody: a grant to nobody, and never to the door of a room.
ALTER TABLE access_grant ALTER COLUMN person_id DROP NOT NULL, ADD COLUMN passage boolean NOT NULL DEFAULT false;
ALTER TABLE access_grant ADD COLUMN passage_door boolean GENERATED ALWAYS AS (CASE WHEN passage THEN true END) STORED;
ALTER TABLE access_grant ADD CHECK ((person_id IS NULL) = passage), ADD CHECK (NOT passage OR schedules <> '[]'),
    ADD CONSTRAINT passage_never_at_a_room FOREIGN KEY (unit_id, passage_door) REFERENCES unit (id, shared);
ALTER TABLE credential ALTER COLUMN person_id DROP NOT NULL;
ALTER TABLE credential DROP CONSTRAINT credential_type_check, ADD CONSTRAINT credential_type_check CHECK (type IN (1, 2, 5, 16)),
    ADD CONSTRAINT credential_of_nobody CHECK ((person_id IS NULL) = (type = 16));
