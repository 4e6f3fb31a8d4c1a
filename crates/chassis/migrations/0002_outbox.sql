-- Audit events that wait for their sink. A row leaves when the sink has it durably.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY,
    event text NOT NULL,
    written_at timestamptz NOT NULL,
    CONSTRAINT outbox_id_pkey PRIMARY KEY (id)
);
