ALTER TABLE credential DROP COLUMN visitor;
DROP INDEX access_grant_visits;
ALTER TABLE access_grant DROP COLUMN visitor, DROP COLUMN one_time, DROP COLUMN schedules;
