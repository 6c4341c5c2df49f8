-- Law: a destination may be described by a file; what was registered of it rests here, so that an edited file changes
-- nothing until a human registers it again. What a receiver can do, whether it is left alone for a while, and the receipt
-- of each attempt are known over all processes. No secret and no reading; what is about a person has the column `patient`.
CREATE TABLE destinations_2 (
  destination INTEGER PRIMARY KEY AUTOINCREMENT,
  client TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('auto', 'submit-cgm-bundle', 'transaction', 'batch', 'single')),
  url TEXT NOT NULL,                 -- FHIR base
  internal INTEGER NOT NULL,         -- 1: in a private network on purpose
  monitored TEXT NOT NULL,           -- who looks at what arrives, and when; '' not stated: no feed
  daily INTEGER,                     -- most items a person in 24 hours; NULL no limit
  secret BLOB,                       -- sealed
  name TEXT NOT NULL DEFAULT '',     -- of its file; '' registered without one
  spec TEXT NOT NULL DEFAULT '',     -- what that file said when it was registered, as JSON
  added INTEGER NOT NULL,
  removed INTEGER
);
INSERT INTO destinations_2 (destination, client, kind, url, internal, monitored, daily, secret, added, removed)
  SELECT destination, client, kind, url, internal, monitored, daily, secret, added, removed FROM destinations;
DROP TABLE destinations;
ALTER TABLE destinations_2 RENAME TO destinations;
CREATE UNIQUE INDEX destinations_in_use ON destinations (client, kind) WHERE removed IS NULL;

CREATE TABLE deliveries_2 (
  delivery INTEGER PRIMARY KEY AUTOINCREMENT,
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('readings', 'retraction')),
  grant_id TEXT NOT NULL,            -- under which it leaves, or left when it is retracted
  state TEXT NOT NULL CHECK (state IN
    ('queued', 'sending', 'acked', 'partial', 'unknown', 'failed', 'correction-not-deliverable')),
  attempts INTEGER NOT NULL,
  due INTEGER,                       -- not before; NULL: not by itself
  items INTEGER NOT NULL,            -- readings in the last attempt
  taken INTEGER NOT NULL,            -- of which the receiver took
  since BLOB,                        -- the cursor that it began at; NULL the beginning
  entry INTEGER,                     -- the ledger's intent of the last attempt
  problem TEXT NOT NULL,             -- a sentence; '' none
  began INTEGER NOT NULL,
  changed INTEGER NOT NULL
);
INSERT INTO deliveries_2 SELECT * FROM deliveries;
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'deliveries')
  WHERE name = 'deliveries_2';
DROP TABLE deliveries;
ALTER TABLE deliveries_2 RENAME TO deliveries;
CREATE UNIQUE INDEX deliveries_open ON deliveries (patient, destination)
  WHERE state IN ('queued', 'sending', 'unknown', 'failed');
CREATE INDEX deliveries_patient ON deliveries (patient, destination, changed);

-- What a receiver can do, as it said or showed; no row: not asked yet.
CREATE TABLE receivers (
  destination INTEGER PRIMARY KEY,
  form TEXT NOT NULL,                -- how it is spoken to
  updates INTEGER NOT NULL,          -- 1: it takes corrections
  conditional INTEGER NOT NULL,      -- 1: it creates once by identifier
  searches INTEGER NOT NULL,         -- 1: it can be asked by identifier
  devices INTEGER NOT NULL,          -- 1: it creates Devices
  most INTEGER,                      -- entries in one request that it was found to take; NULL not known
  at INTEGER NOT NULL
) STRICT;

-- A receiver that failed again and again is left alone by all lanes until then.
CREATE TABLE circuits (
  destination INTEGER PRIMARY KEY,
  failures INTEGER NOT NULL,
  until INTEGER NOT NULL,            -- 0: it is not left alone
  problem TEXT NOT NULL
) STRICT;

CREATE TABLE receipts (
  receipt INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  entry INTEGER,                     -- the ledger's intent of this attempt
  outcome TEXT NOT NULL,             -- state of the delivery after it
  items INTEGER NOT NULL,            -- readings in it
  taken INTEGER NOT NULL,            -- of which the receiver took
  refused INTEGER NOT NULL,
  problem TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX receipts_delivery ON receipts (delivery);
CREATE INDEX receipts_patient ON receipts (patient);
