-- The routes in force, all of a tenant under one version: they are only ever replaced together.
CREATE TABLE route_set (
    tenant text NOT NULL,
    version bigint NOT NULL,
    applied_at timestamptz NOT NULL,
    CONSTRAINT route_set_tenant_pkey PRIMARY KEY (tenant),
    CONSTRAINT route_set_version_check CHECK (version >= 0)
);

CREATE TABLE route (
    tenant text NOT NULL,
    -- Ordered by bytes, as hosts are.
    name text COLLATE "C" NOT NULL,
    host text COLLATE "C" NOT NULL,
    -- The encoded bailiwick.gate.v1.Route, so that what is listed is what was applied.
    message bytea NOT NULL,
    CONSTRAINT route_tenant_name_pkey PRIMARY KEY (tenant, name),
    CONSTRAINT route_tenant_fkey FOREIGN KEY (tenant) REFERENCES route_set (tenant),
    -- Nobody has a rule for another's host, whatever the code does.
    CONSTRAINT route_host_tenant_fkey FOREIGN KEY (host, tenant) REFERENCES host (host, tenant)
);

CREATE INDEX route_host_tenant_idx ON route (host, tenant);
