-- Ids compare byte by byte, so that a page of a list ends where its token says, whatever the database's language.
CREATE TABLE tenant (
    id text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT tenant_id_pkey PRIMARY KEY (id),
    -- The system namespace is a tenant of nobody.
    CONSTRAINT tenant_id_check CHECK (id <> 'system')
);

-- Users and service accounts. A row is never deleted: that is what keeps an id from being used again.
CREATE TABLE subject (
    tenant text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT subject_tenant_kind_id_pkey PRIMARY KEY (tenant, kind, id),
    CONSTRAINT subject_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenant (id),
    CONSTRAINT subject_kind_check CHECK (kind IN ('user', 'service_account'))
);

-- One row, once in the life of the database: that its key is taken is what makes the bootstrap single.
CREATE TABLE bootstrap (
    single boolean NOT NULL DEFAULT true,
    tenant text COLLATE "C" NOT NULL,
    done_at timestamptz NOT NULL,
    CONSTRAINT bootstrap_single_pkey PRIMARY KEY (single),
    CONSTRAINT bootstrap_single_check CHECK (single),
    CONSTRAINT bootstrap_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenant (id)
);
