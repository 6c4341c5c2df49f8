-- Law: an export that a client asked for is what was asked and when, never what came of it: its files are made anew at
-- each download (issue: bulk export). Only client, times and numbers of patients rest in clear; the question is sealed.
CREATE TABLE exports (
  id TEXT PRIMARY KEY,               -- 256 random bits, part of its address
  client TEXT NOT NULL,
  kicked INTEGER NOT NULL,           -- transactionTime
  expires INTEGER NOT NULL,
  asked BLOB NOT NULL,               -- request, parameters, scopes
  reached INTEGER NOT NULL,          -- patient up to which it was looked who takes part
  edges TEXT NOT NULL,               -- last patient of each file, with commas
  filled INTEGER NOT NULL,           -- patients of the last file
  is_ready INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX exports_client ON exports (client, expires);
