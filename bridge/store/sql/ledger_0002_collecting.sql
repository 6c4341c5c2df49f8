-- Law: what may be collected, one row a step, append-only; the newest one of a source counts (consent.md, two
-- consents). In clear: numbers, times, kinds, purpose, which text. The source, who gave it and why rest under
-- the patient's key. A row of the patient's chain is written with each.

CREATE TABLE collecting (
  patient INTEGER NOT NULL,
  consent INTEGER NOT NULL,          -- 1, 2, 3 … of the patient
  step TEXT NOT NULL CHECK (step IN ('give', 'withdraw')),
  at INTEGER NOT NULL,
  body BLOB NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (patient, consent)
) WITHOUT ROWID;
