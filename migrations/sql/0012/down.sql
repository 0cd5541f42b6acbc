DROP TABLE pin_drawing;
ALTER POLICY asked_within_scope ON credential USING (
    (SELECT asks_as_system()) OR person_id = (SELECT asking_person())
    OR EXISTS (SELECT FROM access_grant g WHERE g.id = grant_id));
ALTER TABLE credential DROP COLUMN duress;
