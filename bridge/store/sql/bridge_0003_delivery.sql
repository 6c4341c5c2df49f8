-- Law: what is pushed where, to whose record, how far, and what each receiver holds of it. In clear: row
-- keys, counts, versions, grant ids, times (data.md, keys); who the receiver says the person is rests
-- under the patient's key, a destination's secret under a key of the installation. Nothing here holds a
-- reading. Every table about a person has the column `patient`.

CREATE TABLE destinations (
  destination INTEGER PRIMARY KEY AUTOINCREMENT,
  client TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('transaction')),
  url TEXT NOT NULL,                 -- FHIR base
  internal INTEGER NOT NULL,         -- 1: in a private network on purpose
  monitored TEXT NOT NULL,           -- who looks at what arrives, and when; '' not stated: no feed
  daily INTEGER,                     -- most items a person in 24 hours; NULL no limit
  secret BLOB,                       -- sealed bearer secret
  added INTEGER NOT NULL,
  removed INTEGER
);
CREATE UNIQUE INDEX destinations_in_use ON destinations (client, kind) WHERE removed IS NULL;

CREATE TABLE links (
  link INTEGER PRIMARY KEY AUTOINCREMENT,
  patient INTEGER NOT NULL,
  client TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('confirmed', 'suspended', 'broken', 'removed')),
  reason TEXT NOT NULL,              -- why it is suspended or broken, in words without the person
  confirmed INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  sealed BLOB NOT NULL               -- identifier, receiver's id, name and birth date as shown, by whom
);
CREATE UNIQUE INDEX links_in_use ON links (patient, client) WHERE state <> 'removed';

-- How far each grant was delivered: the keyset of the last settled item in order of receipt.
CREATE TABLE cursors (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  grant_id TEXT NOT NULL,
  after BLOB NOT NULL,
  PRIMARY KEY (patient, destination, grant_id)
) WITHOUT ROWID;

CREATE TABLE deliveries (
  delivery INTEGER PRIMARY KEY AUTOINCREMENT,
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('readings', 'retraction')),
  grant_id TEXT NOT NULL,            -- under which it leaves, or left when it is retracted
  state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'acked', 'partial', 'unknown', 'failed')),
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
CREATE UNIQUE INDEX deliveries_open ON deliveries (patient, destination)
  WHERE state IN ('queued', 'sending', 'unknown', 'failed');
CREATE INDEX deliveries_patient ON deliveries (patient, destination, changed);

-- What a receiver holds, or may hold. `version`: of ours that it is known to hold, '' none, '?' one of
-- several; `tried`: sent without a known outcome, '' nothing, '?' several versions.
CREATE TABLE sent (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  id BLOB NOT NULL,                  -- our logical id, 16 bytes; the pushed identifier's value
  kind TEXT NOT NULL,                -- resource type
  version TEXT NOT NULL,
  tried TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'refused', 'retracted')),
  reference TEXT NOT NULL,           -- Type/id at the receiver; '' unknown
  etag TEXT NOT NULL,                -- the receiver's version; '' unknown
  link INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  problem TEXT NOT NULL,             -- why the receiver refused it
  changed INTEGER NOT NULL,
  PRIMARY KEY (patient, destination, id)
) WITHOUT ROWID;

-- Register of outbound calls: that they happened, never what they said.
CREATE TABLE calls (
  call INTEGER PRIMARY KEY,
  patient INTEGER,                   -- NULL: nobody's
  purpose TEXT NOT NULL,
  host TEXT NOT NULL,
  outcome TEXT NOT NULL,             -- status or fault
  sent INTEGER NOT NULL,             -- bytes
  received INTEGER NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX calls_patient ON calls (patient);
CREATE INDEX calls_at ON calls (at);
