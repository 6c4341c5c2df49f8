-- Law: in clear only row keys, block numbers, counts, times and blind indexes (data.md, keys); every
-- `sealed` is AES-256-GCM under the patient's own key. Every table that holds a patient's things has a
-- column `patient`: erasing a patient deletes by it, and a sharded engine distributes by it.

CREATE TABLE installation (
  id TEXT NOT NULL,
  made INTEGER NOT NULL
);

-- AUTOINCREMENT: the number of an erased patient is never given again, ids and the ledger name it.
CREATE TABLE patients (
  patient INTEGER PRIMARY KEY AUTOINCREMENT,
  version INTEGER NOT NULL,          -- of the demographics
  changed INTEGER NOT NULL,
  revision INTEGER NOT NULL,         -- of everything absorbed: writers compare and swap on it
  sealed BLOB NOT NULL
);

CREATE TABLE identifiers (
  blind BLOB NOT NULL,
  patient INTEGER NOT NULL,
  PRIMARY KEY (blind, patient)
) WITHOUT ROWID;
CREATE INDEX identifiers_patient ON identifiers (patient);

CREATE TABLE series (
  patient INTEGER NOT NULL,
  series INTEGER NOT NULL,
  longest INTEGER NOT NULL,          -- the longest interval, ms
  sealed BLOB NOT NULL,
  PRIMARY KEY (patient, series)
) WITHOUT ROWID;

CREATE TABLE artifacts (
  patient INTEGER NOT NULL,
  artifact INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('stored', 'quarantined', 'removed')),
  blind BLOB NOT NULL,               -- of the content's SHA-256, and the name of the kept original
  received INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  account BLOB NOT NULL,             -- sealed apart: long, and no page needs it
  PRIMARY KEY (patient, artifact)
) WITHOUT ROWID;
CREATE UNIQUE INDEX artifacts_blind ON artifacts (patient, blind) WHERE state <> 'removed';

CREATE TABLE serials (
  blind BLOB NOT NULL,
  patient INTEGER NOT NULL,
  artifact INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (blind, patient, artifact)
) WITHOUT ROWID;
CREATE INDEX serials_patient ON serials (patient, artifact);

-- layer 0 readings as they stand, by their instant; 1 displaced versions, 2 repetitions by other
-- artifacts, 3 names whose reading moved or went, by the instant of first storage.
CREATE TABLE blocks (
  patient INTEGER NOT NULL,
  series INTEGER NOT NULL,
  layer INTEGER NOT NULL,
  block INTEGER NOT NULL,            -- floor(ms / 604,800,000)
  version INTEGER NOT NULL,
  count INTEGER NOT NULL,
  changed INTEGER NOT NULL,          -- the highest receipt or amendment
  latest INTEGER NOT NULL,           -- the latest instant, or end of an interval
  sealed BLOB NOT NULL
);
CREATE UNIQUE INDEX blocks_key ON blocks (patient, series, layer, block);
