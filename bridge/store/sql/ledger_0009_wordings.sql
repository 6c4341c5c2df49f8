-- Law: the exact words that somebody agreed to, kept once by their hash, for as long as the grants that name it. No name
-- of a person stands in them, so they rest in clear and survive the erasure of the person (consent.md, the grant, text).
CREATE TABLE wordings (
  sha256 TEXT PRIMARY KEY,           -- hex, of the text as UTF-8
  id TEXT NOT NULL,
  version TEXT NOT NULL,
  locale TEXT NOT NULL,
  text TEXT NOT NULL,
  kept INTEGER NOT NULL
) WITHOUT ROWID;
