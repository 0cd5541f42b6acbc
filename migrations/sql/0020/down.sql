ALTER TABLE credential DROP COLUMN erased_at;
DROP TABLE taken_face;
ALTER TABLE lock_command DROP COLUMN face_engine, DROP COLUMN face_model, DROP COLUMN called_off_at;
