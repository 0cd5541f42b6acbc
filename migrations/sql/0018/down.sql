DROP VIEW shut_out_lock;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'anmen_revoke') THEN
        REVOKE USAGE ON SCHEMA public FROM anmen_revoke;
    END IF;
END $$;
