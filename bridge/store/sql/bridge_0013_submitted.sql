-- Law: by which identifiers others know what they submitted (consent.md, custody; data.md, keys): a blind index, one for
-- each submitter, person and type, so nobody learns what another one sent. It names the record inside the kept
-- artifact; what that record says rests in the artifact alone. A removed artifact takes its rows along.
CREATE TABLE submitted (
  blind BLOB NOT NULL,               -- HMAC of person, submitter, type, system and value
  patient INTEGER NOT NULL,
  artifact INTEGER NOT NULL,
  row INTEGER NOT NULL,              -- record of the artifact, 1 the first
  PRIMARY KEY (blind, artifact, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX submitted_artifact ON submitted (patient, artifact);
