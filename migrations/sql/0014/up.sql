-- By whom a login was tried: a keyed digest of the address, or of the mark of a browser that has signed in before.
ALTER TABLE sign_in_failure ADD COLUMN source bytea NOT NULL DEFAULT '', ADD COLUMN known boolean NOT NULL DEFAULT false;
