-- Numbers that neither the lock nor the register has any more, certified by the service: after a restore from a backup, the lock had
-- overwritten what it had been told was stored. Append-only, like the register itself.
CREATE TABLE certified_loss (
    lock_id text NOT NULL REFERENCES lock,
    log_epoch bigint NOT NULL,
    first bigint NOT NULL CHECK (first > 0),
    last bigint NOT NULL CHECK (last >= first),
    certified_at timestamptz NOT NULL,
    PRIMARY KEY (lock_id, log_epoch, first)
);

GRANT SELECT, INSERT ON certified_loss TO anmen_ingest;
GRANT SELECT ON certified_loss TO anmen_serve;
