-- Real-name records. Names, numbers and phones are sealed; exact search goes through keyed blind indexes.
CREATE TABLE person (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name_sealed bytea NOT NULL,
    name_index bytea NOT NULL,
    document_type text NOT NULL CHECK (document_type IN
        ('resident_id', 'hmt_residence_permit', 'permanent_resident_card', 'passport')),
    document_sealed bytea NOT NULL,
    document_index bytea NOT NULL,
    phone_sealed bytea NOT NULL,
    hukou_area text,
    registered_at timestamptz NOT NULL,
    UNIQUE (document_type, document_index)
);
CREATE INDEX ON person (name_index);
ALTER TABLE account ADD FOREIGN KEY (person_id) REFERENCES person;

CREATE TABLE identity_proof (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person,
    kind text NOT NULL CHECK (kind IN ('face_to_document', 'landlord_saw_document', 'desk_saw_document')),
    verdict text NOT NULL CHECK (verdict IN ('match', 'review', 'no_match')),
    engine text,
    score_band smallint CHECK (score_band BETWEEN 0 AND 4),
    proven_at timestamptz NOT NULL
);
CREATE INDEX ON identity_proof (person_id);

-- The ledger: what was agreed to, in which wording, by whom, and when it ended. Rows are never changed.
CREATE TABLE consent_act (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person,
    purpose text NOT NULL CHECK (purpose IN ('register', 'face')),
    act text NOT NULL CHECK (act IN ('given', 'withdrawn', 'erased')),
    wording_version integer NOT NULL,
    given_by text NOT NULL CHECK (given_by IN ('person', 'guardian', 'service')),
    place text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL
);
CREATE INDEX ON consent_act (person_id, purpose, id);
CREATE TRIGGER consent_act_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_act
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The template is sealed, and null once erased; what remains is the receipt that it existed and is gone.
CREATE TABLE enrolment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person,
    engine text NOT NULL,
    template_sealed bytea,
    enrolled_at timestamptz NOT NULL,
    erased_at timestamptz,
    CHECK ((template_sealed IS NULL) = (erased_at IS NOT NULL))
);
CREATE UNIQUE INDEX ON enrolment (person_id) WHERE erased_at IS NULL;
