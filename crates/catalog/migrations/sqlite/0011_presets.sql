-- Parameters that URLs name together. Those of no tenant are the owner's; a tenant's name is never empty.
CREATE TABLE preset (
    tenant     TEXT NOT NULL,
    name       TEXT NOT NULL,
    parameters TEXT NOT NULL,
    version    INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- What was asked for last of pictures that something of the catalog is a part of, such as a preset: where the verifier
-- looks, and what a CDN is told that knows URLs alone.
CREATE TABLE made_with (
    subject  TEXT NOT NULL,
    url      TEXT NOT NULL,
    accept   TEXT NOT NULL,
    asked_ms INTEGER NOT NULL,
    PRIMARY KEY (subject, url, accept)
) STRICT, WITHOUT ROWID;
