-- Law: what others submitted and is no reading (consent.md, custody): of each such record of a kept artifact what decides
-- whether it may leave (`edges`), and what of it may be passed on (`content`), both under the person's key. What waits has
-- no `since`, and is told to nobody; a removed artifact leaves the edges, so that who holds it can be told, and no content.
CREATE TABLE received (
  patient INTEGER NOT NULL,
  artifact INTEGER NOT NULL,
  row INTEGER NOT NULL,              -- record of the artifact, 1 the first
  since INTEGER,                     -- since when it is part of the record; NULL: it waits
  gone INTEGER,                      -- when its artifact was removed; NULL: it is there
  edges BLOB NOT NULL,               -- sealed
  content BLOB,                      -- sealed; NULL where it is gone
  PRIMARY KEY (patient, artifact, row)
) STRICT, WITHOUT ROWID;
