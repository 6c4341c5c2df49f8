-- Law: wrapped keys and nothing else; never in a data archive (data.md, keys). secure_delete is on.

CREATE TABLE installation (
  id TEXT NOT NULL
);

CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  wrapped BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE patient_keys (
  patient INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  wrapped BLOB NOT NULL
);

-- What was destroyed on purpose: an erasure cut short is finished at the next start.
CREATE TABLE erased (
  patient INTEGER PRIMARY KEY,
  at INTEGER NOT NULL
);
