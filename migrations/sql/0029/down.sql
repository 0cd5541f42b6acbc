ALTER POLICY asked_within_scope ON tenancy USING ((SELECT asks_as_system()) OR area_id = ANY((SELECT asking_areas())::bigint[])
    OR landlord_id = (SELECT asking_landlord()) OR person_id = (SELECT asking_person()));
ALTER POLICY asked_within_scope ON registration USING ((SELECT asks_as_system())
    OR landlord_id = (SELECT asking_landlord()) OR person_id = (SELECT asking_person()));
ALTER POLICY asked_within_scope ON access_grant USING ((SELECT asks_as_system()) OR area_id = ANY((SELECT asking_areas())::bigint[])
    OR landlord_id = (SELECT asking_landlord()) OR person_id = (SELECT asking_person()));
ALTER POLICY asked_within_scope ON tenancy_notice USING ((SELECT asks_as_system()) OR area_id = ANY((SELECT asking_areas())::bigint[])
    OR landlord_id = (SELECT asking_landlord()) OR person_id = (SELECT asking_person()));
ALTER POLICY asked_within_scope ON lock_command USING (
    (SELECT asks_as_system())
    OR (landlord_id = (SELECT asking_landlord()) AND person_id IS NULL)
    OR person_id = (SELECT asking_person())
    OR (person_id IS NULL AND EXISTS (
        SELECT FROM tenancy t
        WHERE t.unit_id = lock_command.unit_id AND t.person_id = (SELECT asking_person())
          AND issued_at >= t.starts_at AND issued_at < coalesce(t.ended_at, 'infinity'))));
REVOKE UPDATE (landlord_id) ON lock_report FROM anmen_serve;
ALTER TABLE lock_command DROP COLUMN given_up_at;
ALTER TABLE tenancy_notice DROP COLUMN given_up_at;
ALTER TABLE access_grant DROP COLUMN given_up_at;
ALTER TABLE registration DROP COLUMN given_up_at;
ALTER TABLE tenancy DROP COLUMN given_up_at;
DROP TABLE transfer_try;
DROP TABLE building_transfer;

CREATE OR REPLACE FUNCTION least_age(what text) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        -- PIPL Art. 56: records of processing are kept three years at least.
        WHEN what IN ('audit_entry', 'inquiry', 'emergency_command') THEN interval '1095 days'
        WHEN what IN ('chain_head', 'certified_loss') THEN interval '365 days'
        WHEN what = 'lock_claim' THEN interval '1 day'
        ELSE interval '30 days'
    END
$$;

CREATE OR REPLACE FUNCTION forget_old(what text, before timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    until timestamptz := least(before, now() - least_age(what));
    gone bigint;
BEGIN
    PERFORM set_config('anmen.forgetting', 'on', true);
    CASE what
    WHEN 'audit_entry' THEN
        DELETE FROM audit_entry WHERE id IN (SELECT id FROM audit_entry WHERE recorded_at < until ORDER BY recorded_at LIMIT most);
    WHEN 'inquiry' THEN
        DELETE FROM inquiry_subject WHERE inquiry_id IN (SELECT id FROM inquiry WHERE asked_at < until ORDER BY asked_at LIMIT most);
        DELETE FROM inquiry WHERE id IN (SELECT id FROM inquiry WHERE asked_at < until ORDER BY asked_at LIMIT most);
    WHEN 'lock_command' THEN
        DELETE FROM lock_command WHERE id IN (SELECT id FROM lock_command c WHERE issued_at < until AND emergency IS NULL
            AND NOT EXISTS (SELECT FROM lock_release r WHERE r.command_id = c.id)
            AND NOT EXISTS (SELECT FROM taken_face t WHERE t.command_id = c.id) ORDER BY issued_at LIMIT most);
    WHEN 'taken_face' THEN
        DELETE FROM taken_face WHERE command_id IN (SELECT command_id FROM taken_face WHERE decided_at < until ORDER BY decided_at LIMIT most);
    WHEN 'emergency_command' THEN
        DELETE FROM lock_command WHERE id IN (SELECT id FROM lock_command WHERE issued_at < until AND emergency IS NOT NULL ORDER BY issued_at LIMIT most);
    WHEN 'proven_boot' THEN
        -- The latest of each lock are what a copy is told by.
        DELETE FROM proven_boot WHERE id IN (SELECT id FROM proven_boot b WHERE proven_at < until
            AND EXISTS (SELECT FROM proven_boot n WHERE n.lock_id = b.lock_id AND n.id > b.id OFFSET 63) ORDER BY proven_at LIMIT most);
    WHEN 'identity_doubt' THEN
        DELETE FROM identity_doubt WHERE id IN (SELECT id FROM identity_doubt WHERE settled_at < until LIMIT most);
    WHEN 'frame_refusal' THEN
        DELETE FROM frame_refusal WHERE ctid IN (SELECT ctid FROM frame_refusal WHERE day < until::date LIMIT most);
    WHEN 'quarantine' THEN
        DELETE FROM quarantine WHERE ctid IN (SELECT ctid FROM quarantine WHERE recorded_at < until ORDER BY recorded_at LIMIT most);
    WHEN 'chain_head' THEN
        DELETE FROM chain_head WHERE ctid IN (SELECT ctid FROM chain_head WHERE entries_erased_at IS NOT NULL AND received_at < until
            ORDER BY received_at LIMIT most);
    WHEN 'certified_loss' THEN
        DELETE FROM certified_loss WHERE ctid IN (SELECT ctid FROM certified_loss WHERE certified_at < until LIMIT most);
    WHEN 'lock_claim' THEN
        DELETE FROM lock_claim WHERE id IN (SELECT id FROM lock_claim WHERE begun_at < until AND (answered_at IS NULL OR hung_at IS NOT NULL)
            ORDER BY begun_at LIMIT most);
    WHEN 'lock_report' THEN
        DELETE FROM lock_report WHERE id IN (SELECT id FROM lock_report WHERE settled_at < until LIMIT most);
    WHEN 'alarm' THEN
        DELETE FROM alarm WHERE id IN (SELECT id FROM alarm WHERE closed_at < until LIMIT most);
    WHEN 'invitation' THEN
        DELETE FROM invitation WHERE id IN (SELECT id FROM invitation i WHERE expires_at < until
            AND coalesce(form_expires_at, expires_at) < until
            AND NOT EXISTS (SELECT FROM registration r WHERE r.invitation_id = i.id) ORDER BY expires_at LIMIT most);
    WHEN 'registration' THEN
        DELETE FROM registration WHERE id IN (SELECT id FROM registration WHERE state = 'refused' AND decided_at < until ORDER BY decided_at LIMIT most);
    WHEN 'presence' THEN
        DELETE FROM presence WHERE (unit_id, person_id) IN (SELECT unit_id, person_id FROM presence p WHERE state = 'out' AND as_of < until
            AND NOT EXISTS (SELECT FROM tenancy t WHERE t.unit_id = p.unit_id AND t.person_id = p.person_id AND t.ended_at IS NULL)
            ORDER BY as_of LIMIT most);
    WHEN 'tenancy_notice' THEN
        DELETE FROM tenancy_notice WHERE tenancy_id IN (SELECT n.tenancy_id FROM tenancy_notice n JOIN tenancy t ON t.id = n.tenancy_id
            WHERE n.stated_at < until AND t.ended_at < until ORDER BY n.stated_at LIMIT most);
    WHEN 'firmware_update' THEN
        DELETE FROM firmware_update WHERE (rollout_id, lock_id) IN (SELECT u.rollout_id, u.lock_id FROM firmware_update u
            JOIN firmware_rollout r ON r.id = u.rollout_id
            WHERE u.changed_at < until AND r.changed_at < until AND r.state NOT IN ('running', 'paused') ORDER BY u.changed_at LIMIT most);
    WHEN 'firmware_release' THEN
        -- Its image is large. The newest of each kind of lock stays in stock.
        DELETE FROM firmware_rollout WHERE id IN (SELECT id FROM firmware_rollout r WHERE r.changed_at < until
            AND r.state NOT IN ('running', 'paused') AND NOT EXISTS (SELECT FROM firmware_update u WHERE u.rollout_id = r.id) LIMIT most);
        DELETE FROM firmware_release WHERE id IN (SELECT id FROM firmware_release f WHERE f.added_at < until
            AND NOT EXISTS (SELECT FROM firmware_rollout r WHERE r.release_id = f.id)
            AND EXISTS (SELECT FROM firmware_release n WHERE n.vendor_id = f.vendor_id AND n.class_id = f.class_id AND n.sequence > f.sequence)
            LIMIT most);
    END CASE;
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('anmen.forgetting', '', true);
    RETURN gone;
END $$;
