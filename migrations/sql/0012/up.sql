-- A PIN that opens and calls for help. Whoever rents out must not be able to tell that somebody has one, so no rights but the
-- person's own show the row.
ALTER TABLE credential ADD COLUMN duress boolean NOT NULL DEFAULT false CHECK (NOT duress OR (type = 1 AND NOT visitor));
ALTER POLICY asked_within_scope ON credential USING (
    (SELECT asks_as_system()) OR person_id = (SELECT asking_person())
    OR (NOT duress AND EXISTS (SELECT FROM access_grant g WHERE g.id = grant_id)));

-- When PINs were drawn for a grant, so that nobody wears a lock's flash out; what is older than a day is thrown away.
CREATE TABLE pin_drawing (
    grant_id bigint NOT NULL REFERENCES access_grant,
    drawn_at timestamptz NOT NULL
);
CREATE INDEX ON pin_drawing (grant_id, drawn_at);
GRANT SELECT, INSERT, DELETE ON pin_drawing TO anmen_serve;
