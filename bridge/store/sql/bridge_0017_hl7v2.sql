-- Law: a destination may be an interface engine that takes HL7 v2 (`hl7v2`), a place for documents or a portal; the rest of
-- it rests as before. A file says which; a kind that this version cannot deliver by is refused there.
CREATE TABLE destinations_3 (
  destination INTEGER PRIMARY KEY AUTOINCREMENT,
  client TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN
    ('auto', 'submit-cgm-bundle', 'transaction', 'batch', 'single', 'document', 'hl7v2', 'portal')),
  url TEXT NOT NULL,                 -- FHIR base, or mllps://host:port
  internal INTEGER NOT NULL,         -- 1: in a private network on purpose
  monitored TEXT NOT NULL,           -- who looks at what arrives, and when; '' not stated: no feed
  daily INTEGER,                     -- most items a person in 24 hours; NULL no limit
  secret BLOB,                       -- sealed
  name TEXT NOT NULL DEFAULT '',     -- of its file; '' registered without one
  spec TEXT NOT NULL DEFAULT '',     -- what that file said when it was registered, as JSON
  added INTEGER NOT NULL,
  removed INTEGER
);
INSERT INTO destinations_3 (destination, client, kind, url, internal, monitored, daily, secret, name, spec, added, removed)
  SELECT destination, client, kind, url, internal, monitored, daily, secret, name, spec, added, removed FROM destinations;
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'destinations')
  WHERE name = 'destinations_3';
DROP TABLE destinations;
ALTER TABLE destinations_3 RENAME TO destinations;
CREATE UNIQUE INDEX destinations_in_use ON destinations (client, kind) WHERE removed IS NULL;
