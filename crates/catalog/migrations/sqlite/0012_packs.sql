-- Packs of originals, and the locations where one of each is shown. A pack has for each location an original and a crop, as
-- JSON in one spelling.
CREATE TABLE pack (
    tenant     TEXT NOT NULL,
    id         TEXT NOT NULL,
    asset      TEXT,
    main       TEXT NOT NULL,
    locations  TEXT NOT NULL,
    version    INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- What is made of an original at a location: the configuration as it was written, and as parameters.
CREATE TABLE location (
    tenant     TEXT NOT NULL,
    name       TEXT NOT NULL,
    config     TEXT NOT NULL,
    parameters TEXT NOT NULL,
    version    INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
