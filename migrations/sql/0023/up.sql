-- What a lock has asked to be certified, and the chain that it got. Nobody who hears locks can write a chain or take a row away,
-- so that "one a day" holds against them, too.
CREATE TABLE certificate_request (
    lock_id text NOT NULL REFERENCES lock,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    request bytea NOT NULL CHECK (octet_length(request) BETWEEN 1 AND 1024),
    received_at timestamptz NOT NULL,
    chain bytea CHECK (octet_length(chain) BETWEEN 1 AND 6144),
    issued_at timestamptz,
    ends_at timestamptz,
    answers integer NOT NULL DEFAULT 0,
    answer_at timestamptz,
    PRIMARY KEY (lock_id, digest),
    CHECK ((chain IS NULL) = (issued_at IS NULL) AND (chain IS NULL) = (ends_at IS NULL))
);
CREATE UNIQUE INDEX ON certificate_request (lock_id) WHERE chain IS NULL;
CREATE INDEX ON certificate_request (answer_at) WHERE answer_at IS NOT NULL;

GRANT SELECT, INSERT (lock_id, digest, request, received_at), UPDATE (answers, answer_at) ON certificate_request TO anmen_ingest;

-- What is to be signed; a lock that is shut out, or nobody's, gets nothing.
CREATE VIEW open_certificate_request AS
    SELECT r.lock_id, r.digest, r.request, r.received_at,
        (SELECT max(e.issued_at) FROM certificate_request e WHERE e.lock_id = r.lock_id) AS last_issued_at
    FROM certificate_request r JOIN lock l ON l.id = r.lock_id WHERE r.chain IS NULL AND l.revoked_at IS NULL;

-- False where the lock was shut out meanwhile, or had one within a day: then the certificate does not leave the house.
CREATE FUNCTION keep_certificate(which text, asked bytea, made bytea, ends timestamptz, at timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Whoever shuts the lock out comes before or after, not in between.
    PERFORM FROM lock l WHERE l.id = which AND l.revoked_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE certificate_request r SET chain = made, issued_at = at, ends_at = ends, answer_at = at
        WHERE r.lock_id = which AND r.digest = asked AND r.chain IS NULL
        AND NOT EXISTS (SELECT FROM certificate_request e WHERE e.lock_id = which AND e.issued_at > at - interval '1 day');
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION keep_certificate FROM PUBLIC;

-- As with the list of locks that are shut out: where the role is made later, somebody who may gives it these rights.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'anmen_revoke') THEN
        GRANT SELECT ON open_certificate_request TO anmen_revoke;
        GRANT EXECUTE ON FUNCTION keep_certificate TO anmen_revoke;
    END IF;
END $$;
