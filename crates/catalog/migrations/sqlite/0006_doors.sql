-- Keys of the API. What is shown is random and long, so that a plain digest of it tells nothing.
CREATE TABLE api_key (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    digest     TEXT NOT NULL,
    -- JSON
    scopes     TEXT NOT NULL,
    tenant     TEXT,
    created_ms INTEGER NOT NULL,
    creator    TEXT NOT NULL
) STRICT;

-- Whose purge it is, if its asker was bounded to one.
ALTER TABLE purge ADD COLUMN tenant TEXT;
CREATE INDEX purge_of_tenant ON purge (tenant, received_ms) WHERE tenant IS NOT NULL;

-- Refusals are counted by themselves, so that they push out no deeds.
CREATE INDEX audit_by_action ON audit (action, sequence);
