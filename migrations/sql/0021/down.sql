DROP FUNCTION take_next_lock_key;
ALTER TABLE lock_session DROP COLUMN key_epoch;
ALTER TABLE lock DROP COLUMN offered_epoch, DROP COLUMN rotated_at;
DROP TABLE next_lock_key;
