-- With what a face is to be taken at the lock, and when that was called off: what is called off is not said any more.
ALTER TABLE lock_command
    ADD COLUMN face_engine smallint,
    ADD COLUMN face_model bytea,
    ADD COLUMN called_off_at timestamptz;
GRANT UPDATE (called_off_at) ON lock_command TO anmen_serve;

-- A face that a lock has taken and said. The ingest process puts it here, sealed, and can do no more with it; a serving process
-- decides, and what was sealed is gone in the same transaction.
CREATE TABLE taken_face (
    command_id bytea PRIMARY KEY REFERENCES lock_command,
    lock_id text NOT NULL REFERENCES lock,
    person_id bigint NOT NULL REFERENCES person,
    portrait boolean NOT NULL,
    template_sealed bytea,
    state text NOT NULL DEFAULT 'arrived' CHECK (state IN ('arrived', 'kept', 'refused')),
    reason text,
    arrived_at timestamptz NOT NULL,
    decided_at timestamptz,
    CHECK ((template_sealed IS NOT NULL) = (state = 'arrived')),
    CHECK ((reason IS NOT NULL) = (state = 'refused')),
    CHECK ((decided_at IS NULL) = (state = 'arrived'))
);
CREATE INDEX ON taken_face (person_id);
CREATE INDEX taken_face_waiting ON taken_face (arrived_at) WHERE state = 'arrived';
GRANT SELECT, UPDATE (template_sealed, state, reason, decided_at) ON taken_face TO anmen_serve;
GRANT SELECT (command_id), INSERT ON taken_face TO anmen_ingest;
ALTER TABLE taken_face ENABLE ROW LEVEL SECURITY;
ALTER TABLE taken_face FORCE ROW LEVEL SECURITY;
CREATE POLICY asked_within_scope ON taken_face TO anmen_serve
    USING ((SELECT asks_as_system()) OR person_id = (SELECT asking_person()));
CREATE POLICY heard_from_locks ON taken_face TO anmen_ingest USING (true);

-- The lock has said that it erased this face by command: its list is as wanted, and the face opens nothing.
ALTER TABLE credential ADD COLUMN erased_at timestamptz;
GRANT UPDATE (erased_at) ON credential TO anmen_ingest;
CREATE INDEX credential_erased ON credential (person_id) WHERE erased_at IS NOT NULL AND removed_version IS NULL;
