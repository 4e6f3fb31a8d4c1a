-- When gate last saw the key used. An older identity leaves it alone.
ALTER TABLE api_key ADD COLUMN last_used_at timestamptz;
