-- How many of the derivatives that are asked for most a purge makes before its new versions become current.
ALTER TABLE purge ADD COLUMN warm INTEGER NOT NULL DEFAULT 0;
