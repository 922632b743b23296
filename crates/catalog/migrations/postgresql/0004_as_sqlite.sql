-- What the migrations of SQLite make up to 0004, in PostgreSQL's words. Times are Unix milliseconds; what is true is 1,
-- as there. Names compare by their bytes.

-- One row. Every transaction that writes locks it first, so that writers come one after another, as in SQLite; a
-- position of the log is the highest one plus one under this lock, gapless and in the order of commits.
CREATE TABLE writer (
    one      BIGINT PRIMARY KEY CHECK (one = 1),
    -- Whose catalog it is: who finds another's name here writes nothing.
    holder   TEXT NOT NULL,
    since_ms BIGINT NOT NULL
);

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE original (
    source        TEXT COLLATE "C" NOT NULL,
    path          TEXT COLLATE "C" NOT NULL,
    generation    BIGINT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('present', 'gone')),
    digest        TEXT,
    etag          TEXT,
    last_modified TEXT,
    checked_ms    BIGINT NOT NULL,
    lifetime_ms   BIGINT NOT NULL,
    fenced        BIGINT NOT NULL,
    PRIMARY KEY (source, path)
);

CREATE TABLE delivery (
    source   TEXT COLLATE "C" NOT NULL,
    path     TEXT COLLATE "C" NOT NULL,
    url      TEXT COLLATE "C" NOT NULL,
    accept   TEXT COLLATE "C" NOT NULL,
    asked_ms BIGINT NOT NULL,
    PRIMARY KEY (source, path, url, accept)
);

CREATE TABLE derivative (
    digest TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    path   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, path, digest)
);

CREATE TABLE purge (
    id              TEXT COLLATE "C" PRIMARY KEY,
    idempotency_key TEXT COLLATE "C" UNIQUE,
    cause           TEXT NOT NULL,
    selectors       TEXT NOT NULL,
    mode            TEXT NOT NULL,
    force           BIGINT NOT NULL,
    state           TEXT NOT NULL,
    receipt         TEXT NOT NULL,
    error           TEXT,
    received_ms     BIGINT NOT NULL,
    due_ms          BIGINT NOT NULL,
    attempt         BIGINT NOT NULL,
    fence           BIGINT NOT NULL,
    lease_until_ms  BIGINT NOT NULL,
    reason          TEXT,
    ended_ms        BIGINT,
    urgent          BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX purge_due ON purge (due_ms)
    WHERE state NOT IN ('done', 'unchanged', 'error', 'error_cdn', 'error_cdn_node');
CREATE INDEX purge_received ON purge (received_ms);
CREATE INDEX purge_ended ON purge (ended_ms) WHERE ended_ms IS NOT NULL;

CREATE TABLE purge_event (
    -- Orders the events of one purge, which are written under the writers' lock; it may have gaps.
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purge    TEXT COLLATE "C" NOT NULL REFERENCES purge (id),
    state    TEXT NOT NULL,
    at_ms    BIGINT NOT NULL,
    detail   TEXT
);

CREATE INDEX purge_event_of ON purge_event (purge);

CREATE TABLE purge_log (
    position BIGINT PRIMARY KEY,
    purge    TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES purge (id),
    tags     TEXT NOT NULL,
    mode     TEXT NOT NULL,
    at_ms    BIGINT NOT NULL
);

CREATE TABLE node (
    name         TEXT COLLATE "C" NOT NULL,
    incarnation  TEXT COLLATE "C" NOT NULL,
    roles        TEXT NOT NULL,
    delivery     TEXT,
    acknowledged BIGINT NOT NULL,
    serves_stale BIGINT NOT NULL,
    seen_ms      BIGINT NOT NULL,
    PRIMARY KEY (name, incarnation)
);

CREATE TABLE gone_node (
    name         TEXT COLLATE "C" NOT NULL,
    incarnation  TEXT COLLATE "C" NOT NULL,
    acknowledged BIGINT NOT NULL,
    head         BIGINT NOT NULL,
    at_ms        BIGINT NOT NULL,
    PRIMARY KEY (name, incarnation)
);

CREATE TABLE tombstone (
    subject TEXT COLLATE "C" PRIMARY KEY,
    reason  TEXT,
    purge   TEXT COLLATE "C" NOT NULL,
    at_ms   BIGINT NOT NULL
);

CREATE TABLE audit (
    -- Written under the writers' lock; it may have gaps.
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms    BIGINT NOT NULL,
    operator TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    purge    TEXT
);

CREATE TABLE cdn_wish (
    purge      TEXT COLLATE "C" NOT NULL REFERENCES purge (id),
    cdn        TEXT COLLATE "C" NOT NULL,
    number     BIGINT NOT NULL,
    wish       TEXT NOT NULL,
    soft       BIGINT NOT NULL,
    due_ms     BIGINT NOT NULL,
    batch      TEXT COLLATE "C",
    refusal    TEXT,
    is_partial BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (purge, number)
);

CREATE INDEX cdn_wish_waiting ON cdn_wish (cdn, due_ms) WHERE batch IS NULL;
CREATE INDEX cdn_wish_batch ON cdn_wish (batch) WHERE batch IS NOT NULL;

CREATE TABLE cdn_call (
    sequence  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference TEXT COLLATE "C" NOT NULL UNIQUE,
    cdn       TEXT COLLATE "C" NOT NULL,
    batch     TEXT COLLATE "C" NOT NULL,
    call      TEXT NOT NULL,
    state     TEXT COLLATE "C" NOT NULL CHECK (state IN ('planned', 'accepted', 'done', 'failed')),
    handle    TEXT,
    trouble   TEXT,
    attempt   BIGINT NOT NULL,
    due_ms    BIGINT NOT NULL,
    sent_ms   BIGINT,
    ended_ms  BIGINT,
    fence          BIGINT NOT NULL,
    lease_until_ms BIGINT NOT NULL
);

CREATE INDEX cdn_call_open ON cdn_call (cdn, sequence) WHERE state IN ('planned', 'accepted');
CREATE INDEX cdn_call_batch ON cdn_call (batch);
