-- Law: what left is written here before its first byte goes, and stays for six years, also when the data
-- it speaks of is erased. Rows are never changed; `h` chains them (data.md, ledger). `person` and `asked`
-- inside a body are sealed under the patient's own key, the chain runs over what is stored.

-- The head of a chain is its last row: one tree to write for an entry, because every answer waits for it.
CREATE TABLE ledger (
  chain TEXT NOT NULL,               -- p<patient>, or c<client> where no patient is known
  seq INTEGER NOT NULL,              -- 1, 2, 3 … inside the chain
  body BLOB NOT NULL,                -- the stored bytes
  h BLOB NOT NULL,                   -- HMAC-SHA-256(ledger key, previous h | body)
  PRIMARY KEY (chain, seq)
) WITHOUT ROWID;

-- Closed months of a chain: the same rows, packed and compressed. The last row is never packed.
CREATE TABLE months (
  chain TEXT NOT NULL,
  first INTEGER NOT NULL,            -- seq
  last INTEGER NOT NULL,
  packed BLOB NOT NULL,
  PRIMARY KEY (chain, first)
);

-- Raised by every change of a grant: an intent decided under an older epoch is not inserted.
CREATE TABLE epochs (
  patient INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL
);

CREATE TABLE grants (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  patient INTEGER NOT NULL,
  recipient TEXT NOT NULL,           -- organisation, or a lone client
  pairing BLOB NOT NULL,
  body BLOB NOT NULL,                -- what was signed, without names of persons
  sealed BLOB NOT NULL,              -- who signed, evidence; under the patient's key
  PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE INDEX grants_patient ON grants (patient);
CREATE INDEX grants_recipient ON grants (recipient) WHERE pairing <> x'';

CREATE TABLE grant_events (
  event INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  patient INTEGER NOT NULL,
  step TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER,
  sealed BLOB NOT NULL               -- by whom, why
);
CREATE INDEX grant_events_patient ON grant_events (patient);

-- Means as each recipient holds them, one row a week of buckets; they do not change under it.
CREATE TABLE published (
  patient INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  series INTEGER NOT NULL,
  grain INTEGER NOT NULL,
  block INTEGER NOT NULL,            -- floor(ms / 604,800,000) of the bucket's start
  version INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (patient, recipient, series, grain, block)
);

-- Every anchor that was written to the file outside this database.
CREATE TABLE anchors (
  anchor INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  signature BLOB NOT NULL
);
