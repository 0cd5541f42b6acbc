ALTER TABLE sign_in_failure DROP COLUMN source, DROP COLUMN known;
