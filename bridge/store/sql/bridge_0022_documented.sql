-- Law: which documents were looked at for which destination, so that each goes once, is corrected and is taken back, as
-- `reported` of summaries (safety.md, corrections travel). Periods, kinds and times of telling; no figure and no byte.
CREATE TABLE documented (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('DocumentReference', 'DiagnosticReport')),
  open INTEGER NOT NULL,             -- 1: of what readings are open of; 0: a block of a grant of summaries
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  seen INTEGER NOT NULL,             -- what changed until then is there, or waits for a human; 0 nothing
  told TEXT NOT NULL,                -- how the destination was told it
  grant_id TEXT NOT NULL,            -- under which it was told last
  kinds TEXT NOT NULL,               -- of single readings in it, sorted, a blank between
  PRIMARY KEY (patient, destination, type, open, start, end)
) WITHOUT ROWID, STRICT;

-- How a receiver takes documents, as its CapabilityStatement says: type, and letters of what it can; '' not asked.
ALTER TABLE receivers ADD COLUMN documents TEXT NOT NULL DEFAULT '';
