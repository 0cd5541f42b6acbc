ALTER TABLE firmware_rollout DROP COLUMN soak_s;
