-- Law: how a person and a clinic find each other: EHRs that may launch us, what such a launch brought, codes, requests
-- and their answers; and which registration of a recipient somebody verified (consent.md, recipients; safety.md, whose
-- chart is it). Codes and ids of the browser rest as hashes. What an EHR says of a person rests under a key of the
-- installation until that person linked it, from then on under theirs. Every table about a patient has the column `patient`.

ALTER TABLE pendings ADD COLUMN request TEXT;  -- of ours, that a share answers; NULL: a client's authorisation

CREATE TABLE ehrs (
  ehr TEXT PRIMARY KEY,              -- random; part of its redirect address, so that no two EHRs share one
  issuer TEXT NOT NULL,              -- FHIR base, without a slash at its end
  client TEXT NOT NULL,              -- the recipient whom its launches are for
  client_id TEXT NOT NULL,           -- ours, as the EHR gave it
  method TEXT NOT NULL CHECK (method IN ('public', 'secret', 'key')),
  secret BLOB,                       -- sealed
  origins TEXT NOT NULL,             -- where its endpoints may lie, one a line
  scope TEXT NOT NULL,               -- '': what we ask by ourselves
  identifier_system TEXT NOT NULL,   -- which identifier of its patients names the record; '' the medical record number
  internal INTEGER NOT NULL,         -- 1: in a private network on purpose
  added INTEGER NOT NULL,
  removed INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX ehrs_in_use ON ehrs (issuer) WHERE removed IS NULL;

-- A launch that came back with a patient, before anybody said who that is here.
CREATE TABLE arrivals (
  hash BLOB PRIMARY KEY,             -- of the id in the address
  browser BLOB NOT NULL,             -- hash of the browser's cookie
  ehr TEXT NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- An EHR's patient and ours, as that person said.
CREATE TABLE ehr_records (
  ehr TEXT NOT NULL,
  subject BLOB NOT NULL,             -- blind index of the EHR's id
  patient INTEGER NOT NULL,
  made INTEGER NOT NULL,
  sealed BLOB NOT NULL,              -- its id, its token and until when
  PRIMARY KEY (ehr, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX ehr_records_patient ON ehr_records (patient);

-- Keys by which we prove ourselves to EHRs.
CREATE TABLE assertion_keys (
  kid TEXT PRIMARY KEY,
  alg TEXT NOT NULL CHECK (alg IN ('RS384', 'ES384')),
  sealed BLOB NOT NULL,              -- private JWK
  made INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sharing_codes (
  hash BLOB PRIMARY KEY,             -- HMAC: a code is short enough to be guessed from a plain hash
  client TEXT,                       -- the recipient that made it; NULL: a person did
  patient INTEGER,                   -- whose it is, or who used it
  account TEXT NOT NULL,             -- who made it
  made INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER,
  sealed BLOB NOT NULL               -- birth date, record, visit, by whom
) STRICT, WITHOUT ROWID;
CREATE INDEX sharing_codes_client ON sharing_codes (client);

-- A recipient asks a person to share. Its answer is a mark that is set once.
CREATE TABLE requests (
  request TEXT PRIMARY KEY,
  patient INTEGER NOT NULL,
  client TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('clinic-code', 'person-code', 'launch', 'clinician')),
  made INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  answer TEXT CHECK (answer IN ('approved', 'declined', 'withdrawn')),
  answered INTEGER,
  grant_id TEXT,
  sealed BLOB NOT NULL               -- who asks, the visit, the record as the receiver showed it
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_patient ON requests (patient);
CREATE INDEX requests_client ON requests (client);

-- Which registration of a client was verified: the hash of keys, redirect addresses and endpoints; empty: it was changed
-- before anybody verified it.
CREATE TABLE verifications (
  client TEXT PRIMARY KEY,
  recipient TEXT NOT NULL,           -- its organisation, or the lone client
  fingerprint BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX verifications_recipient ON verifications (recipient);
