-- Law: of a summary that is told without being asked for, that it was told is kept as well where its readings are open
-- (`open`): without it nobody could say that its figures are others now, or take it back when its readings were another
-- person's (safety.md, corrections travel). It freezes nothing: `open` rows bar no other period.
CREATE TABLE summaries_2 (
  patient INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  pairing BLOB NOT NULL,             -- under which identity; x'' in clear
  open INTEGER NOT NULL,             -- 1: of what readings are open of; 0: a block of a grant of summaries
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  version INTEGER NOT NULL,
  changed INTEGER NOT NULL,          -- when it was published as it is
  sealed BLOB NOT NULL,
  PRIMARY KEY (patient, recipient, pairing, open, start, end)
) WITHOUT ROWID;
INSERT INTO summaries_2 SELECT patient, recipient, pairing, 0, start, end, version, changed, sealed FROM summaries;
DROP TABLE summaries;
ALTER TABLE summaries_2 RENAME TO summaries;
