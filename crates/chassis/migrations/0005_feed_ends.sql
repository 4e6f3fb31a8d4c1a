-- From when an entry says nothing that still matters. It may go then: whoever has not read it by that time misses nothing. Null: never.
ALTER TABLE feed_entry ADD COLUMN ends_at timestamptz;

CREATE INDEX feed_entry_ends_at_idx ON feed_entry (ends_at) WHERE ends_at IS NOT NULL;
