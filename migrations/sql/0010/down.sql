DROP FUNCTION take_claimed_lock;
DROP INDEX lock_revoked;
DROP TABLE lock_claim;
