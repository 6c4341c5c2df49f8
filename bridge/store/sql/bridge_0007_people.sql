-- Law: who signs in, for whom they act, and what they were told (consent.md; issue of sign-in). Secrets rest as
-- hashes (passwords Argon2id; codes, cookies and tokens by an HMAC or SHA-256) or sealed under a key of the
-- installation; a sign-in name is found by a blind index. Evidence of a representation rests under the patient's
-- key. Every table about a patient has the column `patient`: erasing deletes by it.

CREATE TABLE accounts (
  account TEXT PRIMARY KEY,
  persona TEXT NOT NULL CHECK (persona IN ('person', 'staff')),
  login BLOB UNIQUE,                 -- blind index of the sign-in name; NULL: signs in without one
  password TEXT,                     -- Argon2id, encoded; NULL none
  totp BLOB,                         -- sealed secret; NULL none
  totp_step INTEGER NOT NULL DEFAULT 0, -- last time step that was taken: a code works once
  made INTEGER NOT NULL,
  closed INTEGER,
  sealed BLOB NOT NULL               -- name and sign-in name
) STRICT, WITHOUT ROWID;

CREATE TABLE passkeys (
  credential BLOB PRIMARY KEY,       -- id that the authenticator gave
  account TEXT NOT NULL,
  public_key BLOB NOT NULL,          -- COSE
  count INTEGER NOT NULL,            -- signature counter, 0 where the authenticator keeps none
  made INTEGER NOT NULL,
  used INTEGER,
  sealed BLOB NOT NULL               -- label
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_account ON passkeys (account);

CREATE TABLE recovery_codes (
  hash BLOB PRIMARY KEY,             -- HMAC of account and code
  account TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_codes_account ON recovery_codes (account);

CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,             -- SHA-256 of the cookie; the cookie is nowhere
  id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  persona TEXT NOT NULL CHECK (persona IN ('person', 'staff')),
  signed_in INTEGER NOT NULL,
  seen INTEGER NOT NULL,             -- idle limit
  expires INTEGER NOT NULL,          -- absolute limit
  sealed BLOB NOT NULL               -- device, as the list of devices shows it
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account);

-- Failures of one account, one address, one invitation; in the database, because workers are several.
CREATE TABLE throttle (
  key BLOB PRIMARY KEY,              -- HMAC of what is throttled
  failures INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Forms and codes that work once.
CREATE TABLE spent (
  hash BLOB PRIMARY KEY,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
  hash BLOB PRIMARY KEY,             -- SHA-256 of the code in the link
  persona TEXT NOT NULL CHECK (persona IN ('person', 'staff')),
  patient INTEGER,                   -- whom a person will act for; NULL: staff
  account TEXT,                      -- the staff account that enrols; NULL: a person
  kind TEXT NOT NULL,
  powers TEXT NOT NULL,
  made INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER,
  sealed BLOB NOT NULL               -- for whom, evidence, by whom, until when
) STRICT, WITHOUT ROWID;

-- Append-only: a narrowing ends a row and makes another. What it opens is computed from it, ages and now.
CREATE TABLE representations (
  representation INTEGER PRIMARY KEY AUTOINCREMENT,
  patient INTEGER NOT NULL,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  powers TEXT NOT NULL,              -- what was given; what holds is computed
  begins INTEGER NOT NULL,
  ends INTEGER,                      -- as given
  ended INTEGER,                     -- by an act
  sealed BLOB NOT NULL               -- evidence, by whom, by whom ended
) STRICT;
CREATE INDEX representations_patient ON representations (patient);
CREATE INDEX representations_account ON representations (account);

CREATE TABLE residences (
  patient INTEGER PRIMARY KEY,
  jurisdiction TEXT NOT NULL
) STRICT;

-- Ages in years by jurisdiction; '' is for everybody who has no other.
CREATE TABLE ages (
  jurisdiction TEXT PRIMARY KEY,
  sight INTEGER NOT NULL,
  say INTEGER NOT NULL,
  majority INTEGER NOT NULL,
  CHECK (0 < sight AND sight <= say AND say <= majority)
) STRICT, WITHOUT ROWID;
INSERT INTO ages (jurisdiction, sight, say, majority) VALUES ('', 12, 16, 18);

CREATE TABLE notices (
  notice INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  patient INTEGER,
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  seen INTEGER,
  sealed BLOB NOT NULL               -- who did it, to what
) STRICT;
CREATE INDEX notices_account ON notices (account);

CREATE TABLE erasures (
  erasure INTEGER PRIMARY KEY AUTOINCREMENT,
  patient INTEGER NOT NULL,
  account TEXT NOT NULL,
  asked INTEGER NOT NULL,
  due INTEGER NOT NULL,
  called_off INTEGER
) STRICT;
CREATE UNIQUE INDEX erasures_open ON erasures (patient) WHERE called_off IS NULL;

CREATE TABLE staff (
  account TEXT PRIMARY KEY,
  roles TEXT NOT NULL,
  subject BLOB UNIQUE                -- blind index of the provider's issuer and subject; NULL: passkey alone
) STRICT, WITHOUT ROWID;

CREATE TABLE owner_tokens (
  hash BLOB PRIMARY KEY,             -- SHA-256 of the token
  id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  patient INTEGER NOT NULL,
  made INTEGER NOT NULL,
  used INTEGER,
  expires INTEGER NOT NULL,
  sealed BLOB NOT NULL               -- which device
) STRICT, WITHOUT ROWID;
CREATE INDEX owner_tokens_account ON owner_tokens (account);
