-- Law: which summaries were looked at for which destination, so that each goes once, is corrected and is taken back
-- (safety.md, corrections travel). Periods and times of telling, no figure. A delivery may be of summaries or documents.
CREATE TABLE reported (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  open INTEGER NOT NULL,             -- 1: of what readings are open of; 0: a block of a grant of summaries
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  seen INTEGER NOT NULL,             -- what changed until then is there, or waits for a human; 0 nothing
  told TEXT NOT NULL,                -- how the destination was told figures
  grant_id TEXT NOT NULL,            -- under which it was told last
  PRIMARY KEY (patient, destination, open, start, end)
) WITHOUT ROWID, STRICT;

CREATE TABLE deliveries_3 (
  delivery INTEGER PRIMARY KEY AUTOINCREMENT,
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('readings', 'summaries', 'document', 'retraction')),
  grant_id TEXT NOT NULL,            -- under which it leaves, or left when it is retracted
  state TEXT NOT NULL CHECK (state IN
    ('queued', 'sending', 'acked', 'partial', 'unknown', 'failed', 'correction-not-deliverable')),
  attempts INTEGER NOT NULL,
  due INTEGER,                       -- not before; NULL: not by itself
  items INTEGER NOT NULL,            -- items but Devices in the last attempt
  taken INTEGER NOT NULL,            -- of which the receiver took
  since BLOB,                        -- the cursor that it began at; NULL the beginning
  entry INTEGER,                     -- the ledger's intent of the last attempt
  problem TEXT NOT NULL,             -- a sentence; '' none
  began INTEGER NOT NULL,
  changed INTEGER NOT NULL
);
INSERT INTO deliveries_3 SELECT * FROM deliveries;
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'deliveries')
  WHERE name = 'deliveries_3';
DROP TABLE deliveries;
ALTER TABLE deliveries_3 RENAME TO deliveries;
CREATE UNIQUE INDEX deliveries_open ON deliveries (patient, destination)
  WHERE state IN ('queued', 'sending', 'unknown', 'failed');
CREATE INDEX deliveries_patient ON deliveries (patient, destination, changed);
