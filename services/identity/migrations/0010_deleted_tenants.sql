-- When the deletion of a tenant was asked for. Its row stays: that is what keeps the id from being used again.
ALTER TABLE tenant ADD COLUMN deleting_at timestamptz;

-- What the other services have deleted of a tenant, as they said it.
CREATE TABLE tenant_deletion_report (
    tenant text COLLATE "C" NOT NULL,
    service text COLLATE "C" NOT NULL,
    done_at timestamptz NOT NULL,
    kinds text[] NOT NULL,
    counts bigint[] NOT NULL,
    CONSTRAINT tenant_deletion_report_tenant_service_pkey PRIMARY KEY (tenant, service),
    CONSTRAINT tenant_deletion_report_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenant (id),
    CONSTRAINT tenant_deletion_report_kinds_counts_check CHECK (cardinality(kinds) = cardinality(counts))
);
