-- Law: that a recipient was told of something received is kept without what it says, so that it can be taken back where it
-- proves another person's (consent.md, retraction is no disclosure). Written in the transaction of the intent.
CREATE TABLE received_told (
  patient INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  pairing BLOB NOT NULL,             -- under which identity; x'' in clear
  artifact INTEGER NOT NULL,
  row INTEGER NOT NULL,
  PRIMARY KEY (patient, recipient, pairing, artifact, row)
) STRICT, WITHOUT ROWID;
