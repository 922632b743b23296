-- What purges want gone from other people's CDNs: an outbox, written with the step that moves the purge on. What waits
-- for one CDN becomes one batch of calls when its window ends.
CREATE TABLE cdn_wish (
    purge   TEXT NOT NULL REFERENCES purge (id),
    cdn     TEXT NOT NULL,
    -- Its place among the purge's wishes.
    number  INTEGER NOT NULL,
    wish    TEXT NOT NULL,
    soft    INTEGER NOT NULL,
    due_ms  INTEGER NOT NULL,
    -- What it has become a part of.
    batch   TEXT,
    -- Why no call could be made of it, or that only a part of it could be said.
    refusal TEXT,
    is_partial INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (purge, number)
) STRICT;

CREATE INDEX cdn_wish_waiting ON cdn_wish (cdn, due_ms) WHERE batch IS NULL;
CREATE INDEX cdn_wish_batch ON cdn_wish (batch) WHERE batch IS NOT NULL;

CREATE TABLE cdn_call (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Told to vendors that know the same call again by it.
    reference TEXT NOT NULL UNIQUE,
    cdn       TEXT NOT NULL,
    batch     TEXT NOT NULL,
    call      TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('planned', 'accepted', 'done', 'failed')),
    -- The vendor's name for it.
    handle    TEXT,
    trouble   TEXT,
    attempt   INTEGER NOT NULL,
    due_ms    INTEGER NOT NULL,
    sent_ms   INTEGER,
    ended_ms  INTEGER,
    -- As of a purge: rises with every claim.
    fence          INTEGER NOT NULL,
    lease_until_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX cdn_call_open ON cdn_call (cdn, sequence) WHERE state IN ('planned', 'accepted');
CREATE INDEX cdn_call_batch ON cdn_call (batch);

-- Skips the windows.
ALTER TABLE purge ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;

-- There is one more way to end.
DROP INDEX purge_due;
CREATE INDEX purge_due ON purge (due_ms)
    WHERE state NOT IN ('done', 'unchanged', 'error', 'error_cdn', 'error_cdn_node');
