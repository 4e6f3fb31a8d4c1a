-- What is known of people lies sealed under a key of their tenant's, which lies sealed under the operator's: once it is gone, no copy of
-- the rows can be read. Null for tenants of before, until it is needed, and for tenants that are deleted.
ALTER TABLE tenant ADD COLUMN data_key bytea, ADD COLUMN data_key_seal_id text COLLATE "C";

-- A user's name, for which display_name is empty. Users of before have it in clear until a job has sealed it.
ALTER TABLE subject ADD COLUMN display_name_sealed bytea, ADD COLUMN erased_at timestamptz;

-- For the job to find them.
CREATE INDEX subject_tenant_id_idx ON subject (tenant, id) WHERE kind = 'user' AND display_name <> '';
