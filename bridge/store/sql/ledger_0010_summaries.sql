-- Law: summaries as each recipient holds them that may not have the readings: they do not change under it (consent.md,
-- means and summaries). One row a block; figures and how many readings they were made of are under the person's key.
CREATE TABLE summaries (
  patient INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  pairing BLOB NOT NULL,             -- under which identity; x'' in clear
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  version INTEGER NOT NULL,
  changed INTEGER NOT NULL,          -- when it was published as it is
  sealed BLOB NOT NULL,
  PRIMARY KEY (patient, recipient, pairing, start, end)
) WITHOUT ROWID;
