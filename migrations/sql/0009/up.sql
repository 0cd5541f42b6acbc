-- `schedules`: as in a list entry, [[0, days, from, to], [1, starts_at, ends_at], …].
ALTER TABLE access_grant
    ADD COLUMN visitor boolean NOT NULL DEFAULT false,
    ADD COLUMN one_time boolean NOT NULL DEFAULT false,
    ADD COLUMN schedules jsonb NOT NULL DEFAULT '[]';
CREATE INDEX access_grant_visits ON access_grant (ends_at) WHERE visitor AND revoked_at IS NULL;
-- Given by a tenant, used by somebody whose name nobody asks for: what it opens is nobody's entry.
ALTER TABLE credential ADD COLUMN visitor boolean NOT NULL DEFAULT false;
