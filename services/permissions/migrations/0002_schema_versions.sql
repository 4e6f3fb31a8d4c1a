-- Every schema that was ever in force, in its canonical text. The newest revision of a tenant is in force.
CREATE TABLE schema_version (
    tenant text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    text text NOT NULL,
    CONSTRAINT schema_version_tenant_revision_pkey PRIMARY KEY (tenant, revision),
    CONSTRAINT schema_version_revision_check CHECK (revision > 0),
    -- The reserved tenant's schema is part of the program.
    CONSTRAINT schema_version_tenant_check CHECK (tenant <> 'system')
);

-- The tail reads what came after a revision, of all tenants at once.
CREATE INDEX schema_version_revision_idx ON schema_version (revision);
