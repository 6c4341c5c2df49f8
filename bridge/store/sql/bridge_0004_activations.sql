-- When the FHIR half of a mapping came into force: part of meta.lastUpdated (data.md, versions and times).

CREATE TABLE activations (
  format TEXT PRIMARY KEY,
  revision TEXT NOT NULL,
  activated INTEGER NOT NULL
) WITHOUT ROWID;
