-- Parameters that URLs name together. Those of no tenant are the owner's; a tenant's name is never empty.
CREATE TABLE preset (
    tenant     TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    parameters TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- What was asked for last of pictures that something of the catalog is a part of, such as a preset: where the verifier
-- looks, and what a CDN is told that knows URLs alone.
CREATE TABLE made_with (
    subject  TEXT COLLATE "C" NOT NULL,
    url      TEXT COLLATE "C" NOT NULL,
    accept   TEXT COLLATE "C" NOT NULL,
    asked_ms BIGINT NOT NULL,
    PRIMARY KEY (subject, url, accept)
);
