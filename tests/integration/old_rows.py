"""Rows of every kind that is kept for a time, as SQL for the administrator."""

from service.retention.rules import Kind

# One old row of each kind: what makes it, where it is counted.
MADE: dict[Kind, tuple[str, str]] = {
    Kind.QUARANTINE: (
        "INSERT INTO quarantine (lock_id, log_epoch, sequence, problem, event_sealed, recorded_at) SELECT id, 1, 1,"
        " 'x', '', timestamptz '2015-03-02' FROM lock",
        "quarantine",
    ),
    Kind.CHAIN_HEAD: (
        "INSERT INTO chain_head (lock_id, log_epoch, sequence, link, signed_ms, clock_quality, signature,"
        " received_at, key_epoch,"
        " entries_erased_at) SELECT id, 7, 1, sha256('x'), 0, 1, sha512('x'), timestamptz '2015-03-02', 1,"
        " timestamptz '2015-03-02' FROM lock",
        "chain_head WHERE entries_erased_at IS NOT NULL",
    ),
    Kind.CERTIFIED_LOSS: (
        "INSERT INTO certified_loss SELECT id, 1, 1, 2, timestamptz '2015-03-02' FROM lock",
        "certified_loss",
    ),
    Kind.AUDIT_ENTRY: (
        "INSERT INTO audit_entry (recorded_at, act, subject_id) VALUES (timestamptz '2015-03-02', 'a:b:c', '')",
        "audit_entry WHERE act = 'a:b:c'",
    ),
    Kind.INQUIRY: (
        "WITH asked AS (INSERT INTO inquiry (account_id, role, kind, question_sealed, purpose, basis, outcome,"
        " asked_at)"
        " SELECT id, 'officer', 'unit', '', 'x', 'x', 'permitted', timestamptz '2015-03-02' FROM account LIMIT 1"
        " RETURNING id)"
        " INSERT INTO inquiry_subject SELECT asked.id, p.id, '{}' FROM asked, person p LIMIT 1",
        "inquiry",
    ),
    Kind.EMERGENCY_COMMAND: (
        "INSERT INTO lock_command (id, lock_id, unit_id, landlord_id, account_id, kind, emergency, reason_sealed,"
        " issued_at, expires_at)"
        " SELECT decode(md5('e'), 'hex'), l.id, u.id, u.landlord_id, u.landlord_id, 1, 'fire', '', timestamptz"
        " '2015-03-02', timestamptz '2015-03-02' + interval '1 s'"
        " FROM lock l, unit u LIMIT 1",
        "lock_command WHERE emergency IS NOT NULL",
    ),
    Kind.TAKEN_FACE: (
        "WITH asked AS (INSERT INTO lock_command (id, lock_id, unit_id, landlord_id, account_id, kind, issued_at,"
        " expires_at) SELECT decode(md5('t'), 'hex'), l.id, u.id, u.landlord_id, u.landlord_id, 7, timestamptz"
        " '2015-03-02', timestamptz '2015-03-02' + interval '1 s' FROM lock l, unit u LIMIT 1 RETURNING id, lock_id)"
        " INSERT INTO taken_face SELECT asked.id, lock_id, p.id, false, NULL, 'kept', NULL, timestamptz '2015-03-02',"
        " timestamptz '2015-03-02' FROM asked, person p LIMIT 1",
        "taken_face",
    ),
    Kind.LOCK_COMMAND: (
        "INSERT INTO lock_command (id, lock_id, unit_id, landlord_id, account_id, kind, issued_at, expires_at)"
        " SELECT decode(md5('l'), 'hex'), l.id, u.id, u.landlord_id, u.landlord_id, 2, timestamptz '2015-03-02',"
        " timestamptz '2015-03-02' + interval '1 s'"
        " FROM lock l, unit u LIMIT 1",
        "lock_command WHERE emergency IS NULL AND kind = 2",
    ),
    Kind.PROVEN_BOOT: (
        "INSERT INTO proven_boot (lock_id, session_id, boot_number, log_epoch, proven_at)"
        " SELECT id, decode('0011223344556677', 'hex'), n, 1, timestamptz '2015-03-02' FROM lock, generate_series(1,"
        " 65) n",
        "proven_boot WHERE boot_number = 1",
    ),
    Kind.IDENTITY_DOUBT: (
        "INSERT INTO identity_doubt (lock_id, kind, first_at, last_at, settled_at) SELECT id, 'x', timestamptz"
        " '2015-03-02', timestamptz '2015-03-02', timestamptz '2015-03-02' FROM lock",
        "identity_doubt",
    ),
    Kind.FRAME_REFUSAL: (
        "INSERT INTO frame_refusal SELECT timestamptz '2015-03-02', 'x', id, 1, timestamptz '2015-03-02' FROM lock",
        "frame_refusal",
    ),
    Kind.LOCK_CLAIM: (
        "INSERT INTO lock_claim (lock_id, unit_id, landlord_id, secret_sealed, service_key_wrapped, begun_at)"
        " SELECT l.id, u.id, u.landlord_id, '', '', timestamptz '2015-03-02' FROM lock l, unit u LIMIT 1",
        "lock_claim",
    ),
    Kind.LOCK_REPORT: (
        "INSERT INTO lock_report (lock_id, unit_id, landlord_id, kind, reason_sealed, reported_at, settled_at)"
        " SELECT l.id, u.id, u.landlord_id, 'broken', '', timestamptz '2015-03-02', timestamptz '2015-03-02'"
        " FROM lock l, unit u LIMIT 1",
        "lock_report",
    ),
    Kind.ALARM: (
        "INSERT INTO alarm (lock_id, unit_id, area_id, kind, first_at, last_at, raised_at, attended_at, attended_by, closed_at,"
        " closed_by) SELECT l.id, u.id, u.area_id, 'tamper', now(), now(), now(), now(), u.landlord_id,"
        " timestamptz '2015-03-02', u.landlord_id FROM lock l, unit u LIMIT 1",
        "alarm",
    ),
    Kind.INVITATION: (
        "INSERT INTO invitation (unit_id, area_id, landlord_id, starts_at, ends_at, created_at, expires_at)"
        " SELECT id, area_id, landlord_id, timestamptz '2015-03-02', timestamptz '2015-03-02' + interval '1 d',"
        " timestamptz '2015-03-02', timestamptz '2015-03-02' FROM unit LIMIT 1",
        "invitation WHERE created_at = timestamptz '2015-03-02'",
    ),
    Kind.REGISTRATION: (
        "WITH offered AS (INSERT INTO invitation (unit_id, area_id, landlord_id, starts_at, ends_at, created_at,"
        " expires_at)"
        " SELECT id, area_id, landlord_id, timestamptz '2015-03-02', timestamptz '2015-03-02' + interval '1 d',"
        " now(), now() FROM unit LIMIT 1 RETURNING *)"
        " INSERT INTO registration (invitation_id, unit_id, area_id, landlord_id, person_id, state, with_face,"
        " submitted_at, decided_at)"
        " SELECT o.id, o.unit_id, o.area_id, o.landlord_id, p.id, 'refused', false, timestamptz '2015-03-02',"
        " timestamptz '2015-03-02' FROM offered o, person p LIMIT 1",
        "registration WHERE state = 'refused'",
    ),
    Kind.BUILDING_TRANSFER: (
        "INSERT INTO building_transfer (building_id, area_id, from_id, state, offered_at, expires_at, ended_at) SELECT id, area_id,"
        " landlord_id, 'called_off', timestamptz '2015-03-02', timestamptz '2015-03-03', timestamptz '2015-03-02' FROM building LIMIT 1",
        "building_transfer",
    ),
    Kind.PRESENCE: (
        "INSERT INTO presence SELECT person_id, unit_id, area_id, 'out', 'high', 'x', now(), timestamptz '2015-03-02' FROM tenancy WHERE"
        " ended_at IS NOT NULL"
        " ON CONFLICT (unit_id, person_id) DO UPDATE SET state = 'out', as_of = timestamptz '2015-03-02'",
        "presence WHERE as_of = timestamptz '2015-03-02'",
    ),
    Kind.TENANCY_NOTICE: (
        "INSERT INTO tenancy_notice SELECT id, unit_id, area_id, landlord_id, person_id, 'agreed', starts_at"
        " FROM tenancy WHERE ended_at IS NOT NULL",
        "tenancy_notice",
    ),
    Kind.FIRMWARE_UPDATE: (
        "WITH released AS (INSERT INTO firmware_release (vendor_id, class_id, sequence, version, digest, envelope,"
        " image, added_at)"
        " SELECT decode(md5('v'), 'hex'), decode(md5('c'), 'hex'), n, '1', sha256(n::text::bytea), 'x', 'x',"
        " timestamptz '2015-03-02' FROM generate_series(1, 2) n"
        " RETURNING id, sequence), rolled AS (INSERT INTO firmware_rollout (release_id, class_id, stages,"
        " success_percent, error_percent,"
        " at_once, state, started_at, changed_at) SELECT id, decode(md5('c'), 'hex'), '{100}', 90, 10, 1, 'done',"
        " timestamptz '2015-03-02', timestamptz '2015-03-02'"
        " FROM released WHERE sequence = 1 RETURNING id)"
        " INSERT INTO firmware_update SELECT rolled.id, lock.id, 0, 'installed', 0, 0, timestamptz '2015-03-02' FROM"
        " rolled, lock",
        "firmware_update",
    ),
    Kind.FIRMWARE_RELEASE: ("SELECT 1", "firmware_release WHERE sequence = 1"),
}
