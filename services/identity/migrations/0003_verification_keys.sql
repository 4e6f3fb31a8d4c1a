-- The public keys that the feed has told of: what is here need not be told again.
CREATE TABLE verification_key (
    id text COLLATE "C" NOT NULL,
    use text COLLATE "C" NOT NULL,
    jwk text NOT NULL,
    not_after timestamptz NOT NULL,
    -- By id alone: one key never verifies two kinds of token.
    CONSTRAINT verification_key_id_pkey PRIMARY KEY (id),
    CONSTRAINT verification_key_use_check CHECK (use IN ('access_token', 'assertion'))
);
