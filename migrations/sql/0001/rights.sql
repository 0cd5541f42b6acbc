-- Least rights. anmen_serve answers people, anmen_ingest listens to locks, anmen_audit owns the one way to write the audit ledger.
-- Row-level security is forced, so that even the owner of the tables sees nothing without a scope.
GRANT USAGE ON SCHEMA public TO anmen_serve, anmen_ingest, anmen_audit;
GRANT SELECT ON alembic_version TO anmen_serve, anmen_ingest;

-- Audit: nobody inserts directly; the function runs as anmen_audit, which can do nothing else.
GRANT INSERT ON audit_entry TO anmen_audit;
CREATE FUNCTION append_audit(recorded_at timestamptz, account_id bigint, role text, act text, subject_id text, details jsonb)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO audit_entry (recorded_at, account_id, role, act, subject_id, details)
    VALUES (append_audit.recorded_at, append_audit.account_id, append_audit.role, append_audit.act, append_audit.subject_id, append_audit.details)
$$;
-- Before the function has another owner: then the migrating role could neither give nor take its rights, and nothing would say so.
REVOKE ALL ON FUNCTION append_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_audit TO anmen_serve, anmen_ingest;
GRANT CREATE ON SCHEMA public TO anmen_audit;
ALTER FUNCTION append_audit OWNER TO anmen_audit;
REVOKE CREATE ON SCHEMA public FROM anmen_audit;

REVOKE ALL ON FUNCTION make_entry_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_entry_partition TO anmen_ingest;

-- serve
GRANT SELECT ON area, account_area, audit_entry, entry_cursor, frame_refusal, shard_lease, feed_position, area_occupancy, building_occupancy,
    lock_session, quarantine, entry TO anmen_serve;
GRANT SELECT, INSERT ON identity_proof, consent_act, inquiry, inquiry_subject TO anmen_serve;
GRANT SELECT, INSERT, UPDATE ON account, building, unit, lock, door, person, enrolment, access_grant, access_list, credential,
    invitation, registration, tenancy, stay, presence, unit_occupancy TO anmen_serve;
GRANT INSERT, UPDATE ON area_occupancy, building_occupancy TO anmen_serve;
GRANT INSERT ON area, account_area, entry_cursor TO anmen_serve;
GRANT UPDATE ON feed_position TO anmen_serve;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in, sign_in_failure TO anmen_serve;

-- ingest: no names, no phones, no templates, no tenancies
GRANT SELECT ON area, building, unit, door, access_grant, lock, access_list, credential, shard_lease, feed_position TO anmen_ingest;
GRANT UPDATE (link, birth_number, last_seen_at, hardware, firmware, capabilities, battery_percent, clock_quality, clock_offset_ms)
    ON lock TO anmen_ingest;
GRANT UPDATE (held_version, held_digest, held_at) ON access_list TO anmen_ingest;
GRANT UPDATE (on_lock_at, off_lock_at) ON credential TO anmen_ingest;
GRANT UPDATE ON shard_lease, feed_position TO anmen_ingest;
GRANT SELECT, INSERT, UPDATE ON entry_cursor, frame_refusal, presence, unit_occupancy, building_occupancy, area_occupancy TO anmen_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON lock_session, ingest_worker TO anmen_ingest;
GRANT SELECT, INSERT ON entry, quarantine TO anmen_ingest;

DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        ('unit',             'area_id = ANY((SELECT asking_areas())::bigint[]) OR landlord_id = (SELECT asking_landlord())
                              OR EXISTS (SELECT FROM tenancy t WHERE t.unit_id = unit.id AND t.person_id = (SELECT asking_person()))'),
        ('unit_occupancy',   'area_id = ANY((SELECT asking_areas())::bigint[]) OR landlord_id = (SELECT asking_landlord())'),
        ('invitation',       'landlord_id = (SELECT asking_landlord())'),
        ('registration',     'landlord_id = (SELECT asking_landlord()) OR person_id = (SELECT asking_person())'),
        ('tenancy',          'area_id = ANY((SELECT asking_areas())::bigint[]) OR landlord_id = (SELECT asking_landlord()) OR person_id = (SELECT asking_person())'),
        ('access_grant',     'area_id = ANY((SELECT asking_areas())::bigint[]) OR landlord_id = (SELECT asking_landlord()) OR person_id = (SELECT asking_person())'),
        ('credential',       'person_id = (SELECT asking_person()) OR EXISTS (SELECT FROM access_grant g WHERE g.id = grant_id)'),
        ('stay',             'area_id = ANY((SELECT asking_areas())::bigint[]) OR person_id = (SELECT asking_person())'),
        ('presence',         'area_id = ANY((SELECT asking_areas())::bigint[]) OR person_id = (SELECT asking_person())'),
        ('entry',            'area_id = ANY((SELECT asking_areas())::bigint[]) OR person_id = (SELECT asking_person())'),
        ('person',           'id = (SELECT asking_person()) OR EXISTS (SELECT FROM tenancy t WHERE t.person_id = person.id)
                              OR EXISTS (SELECT FROM registration r WHERE r.person_id = person.id)'),
        ('identity_proof',   'person_id = (SELECT asking_person()) OR EXISTS (SELECT FROM registration r WHERE r.person_id = identity_proof.person_id)'),
        ('consent_act',      'person_id = (SELECT asking_person())'),
        ('enrolment',        'person_id = (SELECT asking_person())'),
        ('inquiry_subject',  'person_id = (SELECT asking_person())')
    ) AS rules (table_name, visible)
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY; ALTER TABLE %I FORCE ROW LEVEL SECURITY', rule.table_name, rule.table_name);
        EXECUTE format('CREATE POLICY asked_within_scope ON %I TO anmen_serve USING ((SELECT asks_as_system()) OR %s)', rule.table_name, rule.visible);
    END LOOP;
    FOR rule IN SELECT unnest(ARRAY['unit', 'unit_occupancy', 'access_grant', 'credential', 'presence', 'entry']) AS table_name
    LOOP
        EXECUTE format('CREATE POLICY heard_from_locks ON %I TO anmen_ingest USING (true)', rule.table_name);
    END LOOP;
END $$;
