-- The one stream of revisions that every write of every tenant takes part in. A writer locks this row in a statement of
-- its own, so the order of the revisions is the order of the commits. A new epoch, made when the database is restored,
-- tells readers and tokens that revisions may have been lost.
CREATE TABLE revision_head (
    single boolean NOT NULL DEFAULT true,
    epoch uuid NOT NULL DEFAULT gen_random_uuid(),
    revision bigint NOT NULL DEFAULT 0,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT revision_head_single_pkey PRIMARY KEY (single),
    CONSTRAINT revision_head_single_check CHECK (single),
    CONSTRAINT revision_head_revision_check CHECK (revision >= 0)
);

INSERT INTO revision_head DEFAULT VALUES;
