-- What calls with an idempotency key answered, so that the same call again answers the same.
CREATE TABLE idempotency (
    tenant text NOT NULL,
    rpc text NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    response bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_tenant_rpc_key_pkey PRIMARY KEY (tenant, rpc, key)
);

CREATE INDEX idempotency_expires_at_idx ON idempotency (expires_at);
