-- API keys. Of the secret only a keyed hash is here: whoever has the table, but not the pepper, can neither use nor guess a key.
CREATE TABLE api_key (
    id text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    owner_kind text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    scopes text[] NOT NULL,
    secret_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    -- Over all tenants, since a key is looked up before its tenant is known.
    CONSTRAINT api_key_id_pkey PRIMARY KEY (id),
    CONSTRAINT api_key_tenant_owner_kind_owner_id_fkey
        FOREIGN KEY (tenant, owner_kind, owner_id) REFERENCES subject (tenant, kind, id),
    -- HMAC-SHA256.
    CONSTRAINT api_key_secret_hash_check CHECK (octet_length(secret_hash) = 32),
    CONSTRAINT api_key_scopes_check CHECK (cardinality(scopes) <= 32)
);

-- For the list of a tenant's keys, and the list of one owner's.
CREATE INDEX api_key_tenant_id_idx ON api_key (tenant, id);
CREATE INDEX api_key_tenant_owner_kind_owner_id_id_idx ON api_key (tenant, owner_kind, owner_id, id);
