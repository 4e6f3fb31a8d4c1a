-- What a reader needs to know that it follows the one history there is: each revision's digest is over the one before it
-- and over what it changed. Revisions below the floor have been collected: what was deleted by then is no longer stored.
ALTER TABLE revision_head
    ADD COLUMN digest bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    ADD COLUMN floor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT revision_head_digest_check CHECK (octet_length(digest) = 32),
    ADD CONSTRAINT revision_head_floor_check CHECK (floor BETWEEN 0 AND revision);

-- Where the head stood after each commit, and when: steps for a reader that is far behind, and the age of revisions.
CREATE TABLE revision_mark (
    revision bigint NOT NULL,
    digest bytea NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT revision_mark_revision_pkey PRIMARY KEY (revision),
    CONSTRAINT revision_mark_revision_check CHECK (revision > 0),
    CONSTRAINT revision_mark_digest_check CHECK (octet_length(digest) = 32)
);

-- Collection asks which revision is of a given age.
CREATE INDEX revision_mark_at_idx ON revision_mark (at);
