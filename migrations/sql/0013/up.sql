-- A landlord's word that a tenancy is over before its date. While it waits, the room counts as let: the tenancy itself stands.
CREATE TABLE tenancy_notice (
    tenancy_id bigint PRIMARY KEY REFERENCES tenancy,
    unit_id bigint NOT NULL REFERENCES unit,
    area_id bigint NOT NULL REFERENCES area,
    landlord_id bigint NOT NULL REFERENCES account,
    person_id bigint NOT NULL REFERENCES person,
    reason text NOT NULL CHECK (reason IN ('agreed', 'moved_out')),
    stated_at timestamptz NOT NULL,
    -- None where nothing happens without the tenant's own word.
    takes_effect_at timestamptz,
    contradicted_at timestamptz,
    withdrawn_at timestamptz,
    CHECK ((reason = 'moved_out') = (takes_effect_at IS NOT NULL))
);
CREATE INDEX tenancy_notice_due ON tenancy_notice (takes_effect_at) WHERE contradicted_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX ON tenancy_notice (area_id);

GRANT SELECT, INSERT, UPDATE ON tenancy_notice TO anmen_serve;
ALTER TABLE tenancy_notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy_notice FORCE ROW LEVEL SECURITY;
CREATE POLICY asked_within_scope ON tenancy_notice TO anmen_serve USING ((SELECT asks_as_system())
    OR area_id = ANY((SELECT asking_areas())::bigint[]) OR landlord_id = (SELECT asking_landlord()) OR person_id = (SELECT asking_person()));
