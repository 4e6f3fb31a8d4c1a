-- Relationships with the revision that created them and the one that deleted them: a read at any revision sees exactly
-- what was there. Text sorts by its bytes, so pages are in the same order on every server.
CREATE TABLE relationship (
    tenant text COLLATE "C" NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    relation text COLLATE "C" NOT NULL,
    subject_type text COLLATE "C" NOT NULL,
    subject_id text COLLATE "C" NOT NULL,
    -- Empty: the subject is the object itself.
    subject_relation text COLLATE "C" NOT NULL,
    created_revision bigint NOT NULL,
    -- Null: it is there.
    deleted_revision bigint,
    -- In the order of pages.
    CONSTRAINT relationship_key_created_revision_pkey PRIMARY KEY (
        tenant, resource_type, resource_id, relation, subject_type, subject_id, subject_relation, created_revision
    ),
    CONSTRAINT relationship_created_revision_check CHECK (created_revision > 0),
    CONSTRAINT relationship_deleted_revision_check CHECK (deleted_revision > created_revision)
);

-- What is there, is there once.
CREATE UNIQUE INDEX relationship_live_key ON relationship (
    tenant, resource_type, resource_id, relation, subject_type, subject_id, subject_relation
) WHERE deleted_revision IS NULL;

-- Pages of what a subject has.
CREATE INDEX relationship_subject_idx ON relationship (
    tenant, subject_type, subject_id, subject_relation, resource_type, resource_id, relation
);

-- The tail reads what came and went after a revision, of all tenants at once.
CREATE INDEX relationship_created_revision_idx ON relationship (created_revision);
CREATE INDEX relationship_deleted_revision_idx ON relationship (deleted_revision) WHERE deleted_revision IS NOT NULL;
