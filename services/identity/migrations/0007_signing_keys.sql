-- The keys that access tokens are signed with, shared by all replicas: the next, the current, and none that is retired.
CREATE TABLE signing_key (
    -- Two replicas that make the next key at once want the same number, and one of them gets it.
    generation bigint NOT NULL,
    -- The thumbprint (RFC 7638).
    id text COLLATE "C" NOT NULL,
    -- Nonce, private key and tag, under the key in the operator's file (AES-256-GCM).
    sealed bytea NOT NULL,
    signs_from timestamptz NOT NULL,
    signs_until timestamptz NOT NULL,
    CONSTRAINT signing_key_generation_pkey PRIMARY KEY (generation),
    CONSTRAINT signing_key_id_key UNIQUE (id),
    CONSTRAINT signing_key_signs_from_signs_until_check CHECK (signs_from < signs_until)
);
