-- Which URLs were answered with pictures that another original is a part of, since that one was last purged: what a
-- purge of it reaches. A URL is told by its tag.
CREATE TABLE dependent (
    source TEXT COLLATE "C" NOT NULL,
    path   TEXT COLLATE "C" NOT NULL,
    url    BIGINT NOT NULL,
    PRIMARY KEY (source, path, url)
);
