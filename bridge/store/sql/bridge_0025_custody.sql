-- Law: a provider's own record of a person (consent.md, custody) rests like a patient of its own: its number is one of
-- `patients`, its key one of keys.db, and it holds what was submitted alone. Here is whose it is. The columns are not called
-- `patient`: erasing a person deletes by that name, and must leave what a provider keeps by law.
CREATE TABLE custody (
  record INTEGER PRIMARY KEY,        -- the number under which the record rests
  person INTEGER NOT NULL,           -- whom it is about; also when that person was erased
  organization TEXT NOT NULL,        -- the custodian, or a lone client
  known_as BLOB NOT NULL,            -- blind: under which name of the person, in clear or a pseudonym, it was submitted
  since INTEGER NOT NULL,            -- ms UTC
  ended INTEGER                      -- when it was erased; the ledger of who read it stays, and is the person's to see
);
CREATE UNIQUE INDEX custody_of ON custody (person, organization, known_as) WHERE ended IS NULL;

-- The rules under which something came into a record, as they were told before: what came under one keeps its law and
-- years when another is agreed later. A record without a row holds nothing and is none yet.
CREATE TABLE custody_rules (
  record INTEGER NOT NULL,
  law TEXT NOT NULL,                 -- which law obliges the custodian to keep it
  years INTEGER NOT NULL CHECK (years BETWEEN 1 AND 100),  -- how long after the last of it came
  last INTEGER NOT NULL,             -- ms UTC, the latest that the clock said when something came under this rule
  PRIMARY KEY (record, law, years)
) WITHOUT ROWID;

-- What a submitter said was entered in error, of what it had submitted itself: a record of a kept artifact of which no
-- reading is made any more, and the artifact that says so.
CREATE TABLE submitted_wrong (
  patient INTEGER NOT NULL,
  artifact INTEGER NOT NULL,
  row INTEGER NOT NULL,              -- record of the artifact, 1 the first
  by_artifact INTEGER NOT NULL,
  PRIMARY KEY (patient, artifact, row)
) STRICT, WITHOUT ROWID;

-- By which rule an organisation keeps its own records, as clinic IT set it. No row: it may keep none here.
CREATE TABLE retention (
  organization TEXT PRIMARY KEY,
  law TEXT NOT NULL,
  years INTEGER NOT NULL CHECK (years BETWEEN 1 AND 100)
) WITHOUT ROWID;
