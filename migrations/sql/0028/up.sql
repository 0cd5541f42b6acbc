-- What those who live in a house say of a report of its door's lock. Counted by the service; read by nobody but who said it.
CREATE TABLE lock_report_word (
    report_id bigint NOT NULL REFERENCES lock_report ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person,
    agrees boolean NOT NULL,
    said_at timestamptz NOT NULL,
    PRIMARY KEY (report_id, person_id)
);
CREATE INDEX ON lock_report_word (person_id);
GRANT SELECT, INSERT, UPDATE (agrees, said_at) ON lock_report_word TO anmen_serve;
ALTER TABLE lock_report_word ENABLE ROW LEVEL SECURITY;
ALTER TABLE lock_report_word FORCE ROW LEVEL SECURITY;
CREATE POLICY asked_within_scope ON lock_report_word TO anmen_serve
    USING ((SELECT asks_as_system()) OR person_id = (SELECT asking_person()));
