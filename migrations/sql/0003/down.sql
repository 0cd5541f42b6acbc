DROP TABLE firmware_update, firmware_rollout, firmware_release;
