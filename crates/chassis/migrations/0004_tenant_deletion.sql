-- Tenants that are deleted: what this service has of them goes in batches. A row stays for ever, so that nothing brings a tenant back.
CREATE TABLE tenant_deletion (
    tenant text COLLATE "C" NOT NULL,
    -- When it was asked for, by identity's clock.
    asked_at timestamptz NOT NULL,
    -- When this service heard of it.
    begun_at timestamptz NOT NULL,
    -- When nothing was left.
    done_at timestamptz,
    -- When identity had heard of that.
    reported_at timestamptz,
    CONSTRAINT tenant_deletion_tenant_pkey PRIMARY KEY (tenant)
);

-- For finding what there is to do.
CREATE INDEX tenant_deletion_begun_at_idx ON tenant_deletion (begun_at) WHERE reported_at IS NULL;

-- How many rows of which kind are gone.
CREATE TABLE tenant_deletion_count (
    tenant text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    rows bigint NOT NULL,
    CONSTRAINT tenant_deletion_count_tenant_kind_pkey PRIMARY KEY (tenant, kind),
    CONSTRAINT tenant_deletion_count_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenant_deletion (tenant)
);
