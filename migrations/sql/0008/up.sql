-- How long an image must have run on trial before it is there for good.
ALTER TABLE firmware_rollout ADD COLUMN soak_s smallint NOT NULL DEFAULT 60;
