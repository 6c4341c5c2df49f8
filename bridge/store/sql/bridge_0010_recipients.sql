-- Law: what is known of an organisation beside its clients: address, who verified it, how and until when, and who looks
-- at what arrives (consent.md, the grant; safety.md, intended purpose). No row: not verified, and nobody watches.
CREATE TABLE recipients (
  recipient TEXT PRIMARY KEY,        -- organisation, or a lone client
  address TEXT NOT NULL,
  contact TEXT NOT NULL,
  how TEXT NOT NULL,                 -- verified: by what means
  verifier TEXT NOT NULL,            -- by whom
  until INTEGER,                     -- until when; NULL: never was
  watcher TEXT NOT NULL,             -- who looks at what arrives, '' nobody between visits
  hours TEXT NOT NULL                -- and when
) WITHOUT ROWID;
