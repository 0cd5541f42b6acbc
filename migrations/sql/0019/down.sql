ALTER TABLE unit_occupancy DROP COLUMN visited_at;
ALTER TABLE credential DROP COLUMN used_at;
