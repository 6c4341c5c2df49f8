-- Law: what clinics ordered is a value under the patient's key (bridge/order.py), never the resource that it came in; how
-- far each schedule was delivered is times alone. In clear: row keys, the client, times. An order opens nothing.
CREATE TABLE orders (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  patient INTEGER NOT NULL,
  client TEXT NOT NULL,              -- who ordered, or whose destination it was found at
  destination INTEGER,               -- where it was found; NULL: the client sent it here
  name BLOB NOT NULL,                -- blind: of its own reference there, or a random one
  standing INTEGER NOT NULL,         -- 1: the order as it is; 0: it is shown there no more
  first INTEGER NOT NULL,            -- when it was first seen
  changed INTEGER NOT NULL,
  wakes INTEGER,                     -- when something of it is due next; NULL: nothing is
  sealed BLOB NOT NULL,              -- the value, or what is wrong with it
  UNIQUE (patient, client, name)
) STRICT;
CREATE INDEX orders_client ON orders (client, patient);

-- When each schedule of an order was last delivered to its end.
CREATE TABLE order_parts (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  number INTEGER NOT NULL,
  part TEXT NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (patient, destination, number, part)
) STRICT, WITHOUT ROWID;

-- When orders were last looked for, of which record, and why they were not found.
CREATE TABLE order_looks (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  link INTEGER NOT NULL,
  at INTEGER NOT NULL,
  problem TEXT NOT NULL,
  PRIMARY KEY (patient, destination)
) STRICT, WITHOUT ROWID;

-- A delivery under an order goes on from a place of its own.
ALTER TABLE deliveries ADD COLUMN part TEXT NOT NULL DEFAULT '';
CREATE TABLE cursors_2 (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  grant_id TEXT NOT NULL,
  part TEXT NOT NULL DEFAULT '',     -- of which order's schedule; '' of none
  after BLOB NOT NULL,
  PRIMARY KEY (patient, destination, grant_id, part)
) WITHOUT ROWID;
INSERT INTO cursors_2 (patient, destination, grant_id, after)
  SELECT patient, destination, grant_id, after FROM cursors;
DROP TABLE cursors;
ALTER TABLE cursors_2 RENAME TO cursors;
