-- What the process with the locks' authority's key may know: which locks the broker must refuse, and since when.
CREATE VIEW shut_out_lock AS
    SELECT id, revoked_at FROM lock WHERE revoked_as IN ('stolen', 'broken', 'replaced');

-- In a deployment that has not made the role yet (docs/operations.md), somebody who may gives it these rights later.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'anmen_revoke') THEN
        GRANT USAGE ON SCHEMA public TO anmen_revoke;
        GRANT SELECT ON shut_out_lock TO anmen_revoke;
    END IF;
END $$;
