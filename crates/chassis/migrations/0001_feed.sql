-- A feed: entries numbered without gaps, under a head row that the writing transaction locks last.
-- A new epoch, made when the database is restored, tells readers to begin again.
CREATE TABLE feed_head (
    single boolean NOT NULL DEFAULT true,
    epoch uuid NOT NULL DEFAULT gen_random_uuid(),
    number bigint NOT NULL DEFAULT 0,
    CONSTRAINT feed_head_single_pkey PRIMARY KEY (single),
    CONSTRAINT feed_head_single_check CHECK (single),
    CONSTRAINT feed_head_number_check CHECK (number >= 0)
);

INSERT INTO feed_head DEFAULT VALUES;

CREATE TABLE feed_entry (
    number bigint NOT NULL,
    payload bytea NOT NULL,
    written_at timestamptz NOT NULL,
    CONSTRAINT feed_entry_number_pkey PRIMARY KEY (number),
    CONSTRAINT feed_entry_number_check CHECK (number > 0)
);

-- Where this service stands in the feeds that it takes into its own database.
CREATE TABLE feed_position (
    feed text NOT NULL,
    epoch text NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT feed_position_feed_pkey PRIMARY KEY (feed)
);
