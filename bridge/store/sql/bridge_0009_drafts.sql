-- Law: a grant that is drawn and not signed opens nothing: no decision reads this table, the preview for its owner alone
-- does. It has the patient's number, so that erasing takes it along; what is older than a day is swept.
CREATE TABLE drafts (
  id TEXT PRIMARY KEY,               -- of the draft; that of the grant unless it replaces one
  patient INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  pairing BLOB NOT NULL,
  body BLOB NOT NULL,
  sealed BLOB NOT NULL,              -- who is to sign
  replaces TEXT NOT NULL,            -- the grant that it supersedes, '' where it is a new one
  made INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX drafts_patient ON drafts (patient);
