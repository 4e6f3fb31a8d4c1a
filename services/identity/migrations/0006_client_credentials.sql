-- What service accounts authenticate with as OAuth 2 clients: secrets, of which only a keyed hash is here, and public keys.
CREATE TABLE client_credential (
    id text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    account_kind text COLLATE "C" NOT NULL DEFAULT 'service_account',
    account_id text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    scopes text[] NOT NULL,
    audiences text[] NOT NULL,
    secret_hash bytea,
    jwk text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    -- Over all tenants: an id is looked up in the secret, and named in every verifier's list of what was ended.
    CONSTRAINT client_credential_id_pkey PRIMARY KEY (id),
    CONSTRAINT client_credential_tenant_account_kind_account_id_fkey
        FOREIGN KEY (tenant, account_kind, account_id) REFERENCES subject (tenant, kind, id),
    -- People are no clients.
    CONSTRAINT client_credential_account_kind_check CHECK (account_kind = 'service_account'),
    -- The one or the other.
    CONSTRAINT client_credential_secret_hash_jwk_check CHECK ((secret_hash IS NULL) <> (jwk IS NULL)),
    -- HMAC-SHA256.
    CONSTRAINT client_credential_secret_hash_check CHECK (octet_length(secret_hash) = 32),
    CONSTRAINT client_credential_scopes_check CHECK (cardinality(scopes) <= 32),
    CONSTRAINT client_credential_audiences_check CHECK (cardinality(audiences) <= 16)
);

-- For the list of a tenant's credentials, and for an account's: its keys are looked at when it shows an assertion.
CREATE INDEX client_credential_tenant_id_idx ON client_credential (tenant, id);
CREATE INDEX client_credential_tenant_account_id_id_idx ON client_credential (tenant, account_id, id);

-- Client assertions that were used: each is good once (RFC 7523, 3). A row is of no use once its assertion has ended.
CREATE TABLE client_assertion (
    -- SHA-256 of the client's id and the assertion's.
    digest bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT client_assertion_digest_pkey PRIMARY KEY (digest),
    CONSTRAINT client_assertion_digest_check CHECK (octet_length(digest) = 32)
);

-- For forgetting those that have ended.
CREATE INDEX client_assertion_expires_at_idx ON client_assertion (expires_at);

-- Access tokens that were ended before their time.
CREATE TABLE revoked_token (
    id text COLLATE "C" NOT NULL,
    -- Who ended it: one client alone must not fill every verifier's memory.
    client text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT revoked_token_id_pkey PRIMARY KEY (id)
);

CREATE INDEX revoked_token_expires_at_idx ON revoked_token (expires_at);
CREATE INDEX revoked_token_client_expires_at_idx ON revoked_token (client, expires_at);
