-- Who is asking, as the transaction's edge has set it for this transaction only (set_config(..., true)).
-- Unset means: nobody, and every row-level policy below answers with no rows.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE FUNCTION asks_as_system() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('anmen.scope', true), '') = 'system' $$;

CREATE FUNCTION asking_areas() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('anmen.areas', true), ''), '{}')::bigint[] $$;

CREATE FUNCTION asking_landlord() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('anmen.landlord', true), '')::bigint $$;

CREATE FUNCTION asking_person() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('anmen.person', true), '')::bigint $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;
