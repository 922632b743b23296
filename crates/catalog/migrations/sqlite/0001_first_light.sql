-- Times are Unix milliseconds.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The mutable map: which version of an original is current. `generation` rises with every change of the row, so
-- that a slow fetch which began before a newer one cannot put its older bytes on top (compare and set).
CREATE TABLE original (
    source        TEXT NOT NULL,
    path          TEXT NOT NULL,
    generation    INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('present', 'gone', 'erased')),
    digest        TEXT,
    etag          TEXT,
    last_modified TEXT,
    checked_ms    INTEGER NOT NULL,
    lifetime_ms   INTEGER NOT NULL,
    -- 1: every change of this row is covered by a record of the purge log.
    fenced        INTEGER NOT NULL,
    PRIMARY KEY (source, path)
) STRICT;

-- What was asked of an original lately: where the verifier looks.
CREATE TABLE delivery (
    source   TEXT NOT NULL,
    path     TEXT NOT NULL,
    url      TEXT NOT NULL,
    accept   TEXT NOT NULL,
    asked_ms INTEGER NOT NULL,
    PRIMARY KEY (source, path, url, accept)
) STRICT;

-- Which derivatives were made from an original, so that an erasure finds their bytes.
CREATE TABLE derivative (
    digest TEXT NOT NULL,
    source TEXT NOT NULL,
    path   TEXT NOT NULL,
    PRIMARY KEY (source, path, digest)
) STRICT;

CREATE TABLE purge (
    id              TEXT PRIMARY KEY,
    idempotency_key TEXT UNIQUE,
    cause           TEXT NOT NULL,
    selectors       TEXT NOT NULL,
    mode            TEXT NOT NULL,
    force           INTEGER NOT NULL,
    state           TEXT NOT NULL,
    receipt         TEXT NOT NULL,
    error           TEXT,
    received_ms     INTEGER NOT NULL,
    due_ms          INTEGER NOT NULL,
    attempt         INTEGER NOT NULL,
    -- Rises with every claim: a worker that lost its lease cannot write any more.
    fence           INTEGER NOT NULL,
    lease_until_ms  INTEGER NOT NULL
) STRICT;

CREATE INDEX purge_due ON purge (due_ms) WHERE state NOT IN ('done', 'unchanged', 'error', 'error_cdn_node');
CREATE INDEX purge_received ON purge (received_ms);

CREATE TABLE purge_event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    purge    TEXT NOT NULL REFERENCES purge (id),
    state    TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    detail   TEXT
) STRICT;

CREATE INDEX purge_event_of ON purge_event (purge);

-- Totally ordered and gapless: a position is the highest one plus one, under the database's single write lock.
CREATE TABLE purge_log (
    position INTEGER PRIMARY KEY,
    purge    TEXT NOT NULL UNIQUE REFERENCES purge (id),
    tags     TEXT NOT NULL,
    mode     TEXT NOT NULL,
    at_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE node (
    name         TEXT NOT NULL,
    incarnation  TEXT NOT NULL,
    roles        TEXT NOT NULL,
    delivery     TEXT,
    acknowledged INTEGER NOT NULL,
    serves_stale INTEGER NOT NULL,
    seen_ms      INTEGER NOT NULL,
    PRIMARY KEY (name, incarnation)
) STRICT;
