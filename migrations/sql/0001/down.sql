DROP TABLE inquiry_subject, inquiry, feed_position, area_occupancy, building_occupancy, unit_occupancy, presence, stay, tenancy, registration,
    invitation, quarantine, entry, entry_cursor, credential, access_list, access_grant, enrolment, consent_act, identity_proof,
    frame_refusal, ingest_worker, shard_lease, door, lock_session, lock, unit, building, audit_entry, sign_in_failure, sign_in, account_area, account,
    person, area CASCADE;
DROP FUNCTION begin_count, areas_below, make_entry_partition, append_audit, refuse_change, asks_as_system, asking_areas, asking_landlord, asking_person;
