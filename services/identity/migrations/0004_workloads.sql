-- Names of client certificates, and the service account that each acts as. Unbound, a name is free for another.
CREATE TABLE workload (
    spiffe_id text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    account_kind text COLLATE "C" NOT NULL DEFAULT 'service_account',
    account_id text COLLATE "C" NOT NULL,
    scopes text[] NOT NULL,
    bound_at timestamptz NOT NULL,
    -- Over all tenants: a name is somebody's before anyone knows whose.
    CONSTRAINT workload_spiffe_id_pkey PRIMARY KEY (spiffe_id),
    CONSTRAINT workload_tenant_account_kind_account_id_fkey
        FOREIGN KEY (tenant, account_kind, account_id) REFERENCES subject (tenant, kind, id),
    -- People have no client certificates here.
    CONSTRAINT workload_account_kind_check CHECK (account_kind = 'service_account'),
    CONSTRAINT workload_scopes_check CHECK (cardinality(scopes) <= 32)
);

-- For counting what an account has.
CREATE INDEX workload_tenant_account_id_idx ON workload (tenant, account_id);
