-- Packs of originals, and the locations where one of each is shown. A pack has for each location an original and a crop, as
-- JSON in one spelling.
CREATE TABLE pack (
    tenant     TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    asset      TEXT COLLATE "C",
    main       TEXT COLLATE "C" NOT NULL,
    locations  TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- What is made of an original at a location: the configuration as it was written, and as parameters.
CREATE TABLE location (
    tenant     TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    config     TEXT COLLATE "C" NOT NULL,
    parameters TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);
