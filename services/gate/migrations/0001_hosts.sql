-- Which tenant owns which host. A host of Bailiwick's own API is never here.
CREATE TABLE host (
    -- Ordered by bytes, whatever the database's language: pages follow this order.
    host text COLLATE "C" NOT NULL,
    tenant text NOT NULL,
    assigned_at timestamptz NOT NULL,
    CONSTRAINT host_host_pkey PRIMARY KEY (host),
    -- What a route refers to: a host together with its owner.
    CONSTRAINT host_host_tenant_key UNIQUE (host, tenant)
);

CREATE INDEX host_tenant_idx ON host (tenant);
