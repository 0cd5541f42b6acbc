DELETE FROM credential WHERE type = 16;
DELETE FROM access_grant WHERE passage;
ALTER TABLE credential DROP CONSTRAINT credential_of_nobody;
ALTER TABLE credential DROP CONSTRAINT credential_type_check, ADD CONSTRAINT credential_type_check CHECK (type IN (1, 2, 5)),
    ALTER COLUMN person_id SET NOT NULL;
ALTER TABLE access_grant DROP CONSTRAINT passage_never_at_a_room, DROP COLUMN passage_door, DROP COLUMN passage,
    ALTER COLUMN person_id SET NOT NULL;
CREATE OR REPLACE FUNCTION begin_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'area' THEN INSERT INTO area_occupancy (area_id) VALUES (NEW.id);
        WHEN 'building' THEN INSERT INTO building_occupancy (building_id, area_id) VALUES (NEW.id, NEW.area_id);
        WHEN 'unit' THEN INSERT INTO unit_occupancy (unit_id, building_id, area_id, landlord_id)
            VALUES (NEW.id, NEW.building_id, NEW.area_id, NEW.landlord_id);
    END CASE;
    RETURN NULL;
END $$;
ALTER TABLE unit DROP COLUMN shared;
