-- Law: what each receiver holds, as it was; only where its rows lie changes. Our ids are random, so that a table kept in their
-- order had every page of a person written anew by each 500 items; rows lie in the order of sending now, the key beside them.
CREATE TABLE sent_2 (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  id BLOB NOT NULL,                  -- our logical id, 16 bytes; the pushed identifier's value
  kind TEXT NOT NULL,                -- resource type
  version TEXT NOT NULL,             -- ours that the receiver holds; '' none
  tried TEXT NOT NULL,               -- ours that it may hold: sent, no answer known; '' none; '?' one of several
  state TEXT NOT NULL CHECK (state IN ('open', 'refused', 'retracted')),
  reference TEXT NOT NULL,           -- Type/id at the receiver; '' unknown
  etag TEXT NOT NULL,                -- the receiver's version; '' unknown
  link INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  problem TEXT NOT NULL,             -- why the receiver refused it
  changed INTEGER NOT NULL,
  PRIMARY KEY (patient, destination, id)
) STRICT;
INSERT INTO sent_2 SELECT * FROM sent;
DROP TABLE sent;
ALTER TABLE sent_2 RENAME TO sent;
