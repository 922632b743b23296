-- What answers in place of an erased original is a table of its own: what is erased is one thing, which version of an
-- original is current another.
CREATE TABLE tombstone (
    -- As purge-protocol writes it: original:source/path
    subject TEXT PRIMARY KEY,
    -- The reason in law, if there is one.
    reason  TEXT,
    -- The purge that set it.
    purge   TEXT NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT;

INSERT INTO tombstone (subject, purge, at_ms)
SELECT 'original:' || source || '/' || path,
       coalesce((SELECT id FROM purge WHERE mode = 'erase'
                 AND instr(receipt, '"original":"' || source || '/' || path || '"') > 0
                 ORDER BY received_ms DESC LIMIT 1), 'unknown'),
       checked_ms
FROM original WHERE state = 'erased';

CREATE TABLE original_without_erased (
    source        TEXT NOT NULL,
    path          TEXT NOT NULL,
    generation    INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('present', 'gone')),
    digest        TEXT,
    etag          TEXT,
    last_modified TEXT,
    checked_ms    INTEGER NOT NULL,
    lifetime_ms   INTEGER NOT NULL,
    -- 1: every change of this row is covered by a record of the purge log.
    fenced        INTEGER NOT NULL,
    PRIMARY KEY (source, path)
) STRICT;

INSERT INTO original_without_erased
SELECT source, path, generation, CASE state WHEN 'erased' THEN 'gone' ELSE state END, digest, etag, last_modified,
       checked_ms, lifetime_ms, fenced
FROM original;

DROP TABLE original;
ALTER TABLE original_without_erased RENAME TO original;

-- Why an erasure may not be shown, if that is the law's word and not the operator's.
ALTER TABLE purge ADD COLUMN reason TEXT;

-- What operators did that no purge shows: who, when, to what.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms    INTEGER NOT NULL,
    operator TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    -- The purge that did it or announces it.
    purge    TEXT
) STRICT;
