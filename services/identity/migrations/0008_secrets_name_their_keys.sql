-- Which pepper a hash was made with and which key something was sealed with, so that both can be replaced while they are in use. Null: by a
-- release before the keys had ids, or by one that still runs beside this one.
ALTER TABLE api_key ADD COLUMN pepper_id text COLLATE "C";
ALTER TABLE client_credential ADD COLUMN pepper_id text COLLATE "C";
ALTER TABLE signing_key ADD COLUMN seal_key_id text COLLATE "C";

-- For counting what does not lie under the current pepper.
CREATE INDEX api_key_pepper_id_idx ON api_key (pepper_id) WHERE revoked_at IS NULL;
CREATE INDEX client_credential_pepper_id_idx ON client_credential (pepper_id)
    WHERE revoked_at IS NULL AND secret_hash IS NOT NULL;
