-- When a visitor's PIN that opens once was used; the lock knows it first.
ALTER TABLE credential ADD COLUMN used_at timestamptz;
GRANT UPDATE (used_at) ON credential TO anmen_ingest;
CREATE INDEX credential_used ON credential (grant_id) WHERE used_at IS NOT NULL AND removed_version IS NULL;
-- When a visitor last came in, while one may be inside. Nobody is named for it, and no count counts it.
ALTER TABLE unit_occupancy ADD COLUMN visited_at timestamptz;
CREATE INDEX unit_visited ON unit_occupancy (visited_at) WHERE visited_at IS NOT NULL;
