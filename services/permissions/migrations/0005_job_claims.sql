-- Who does a job that one replica does for all, and until when. Each new holder has a higher fence: whoever lost the job
-- without noticing finds its fence passed, and changes nothing more.
CREATE TABLE job_claim (
    job text NOT NULL,
    holder uuid NOT NULL,
    fence bigint NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT job_claim_job_pkey PRIMARY KEY (job),
    CONSTRAINT job_claim_fence_check CHECK (fence > 0)
);
