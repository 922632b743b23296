-- When a purge ended: its history is kept for a while from then on.
ALTER TABLE purge ADD COLUMN ended_ms INTEGER;

UPDATE purge SET ended_ms = (SELECT max(at_ms) FROM purge_event WHERE purge_event.purge = purge.id)
WHERE state IN ('done', 'unchanged', 'error', 'error_cdn_node');

CREATE INDEX purge_ended ON purge (ended_ms) WHERE ended_ms IS NOT NULL;

-- Lives of nodes that an operator has declared gone: `head` is where the log ended then.
CREATE TABLE gone_node (
    name         TEXT NOT NULL,
    incarnation  TEXT NOT NULL,
    acknowledged INTEGER NOT NULL,
    head         INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    PRIMARY KEY (name, incarnation)
) STRICT;
