DROP FUNCTION forget_entries, forget_old, least_age;
DROP INDEX chain_head_without_entries, chain_head_with_entries, firmware_update_changed_at_idx, tenancy_notice_stated_at_idx, presence_as_of_idx,
    registration_decided_at_idx, invitation_expires_at_idx, lock_claim_begun_at_idx, quarantine_recorded_at_idx, proven_boot_proven_at_idx,
    lock_command_issued_at_idx, inquiry_asked_at_idx, audit_entry_recorded_at_idx;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lock_command', 'invitation', 'registration', 'presence', 'tenancy', 'tenancy_notice', 'inquiry_subject',
        'lock_release', 'lock_report', 'alarm']
    LOOP
        EXECUTE format('DROP POLICY forgets_in_time ON %I', name);
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;
