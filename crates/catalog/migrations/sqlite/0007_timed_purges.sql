-- A purge may be for later, and may be another try of one that failed.
ALTER TABLE purge ADD COLUMN at_ms INTEGER;
ALTER TABLE purge ADD COLUMN retry_of TEXT;

-- There is one more way to end: taken back before it began.
DROP INDEX purge_due;
CREATE INDEX purge_due ON purge (due_ms)
    WHERE state NOT IN ('done', 'unchanged', 'error', 'error_cdn', 'error_cdn_node', 'cancelled');
