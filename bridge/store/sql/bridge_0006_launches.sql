-- Launches (SMART App Launch 2.2): what a client asked for and nobody answered yet, what a person approved, and
-- what was issued for it. Of codes, handles, refresh tokens, pending ids and secrets there is only SHA-256. In
-- clear: row keys, ids of clients, accounts and grants, scopes, times; nothing of a reading, no name of a person.

ALTER TABLE clients ADD COLUMN secret BLOB;

ALTER TABLE tokens ADD COLUMN authorisation TEXT;
ALTER TABLE tokens ADD COLUMN patient INTEGER;
CREATE INDEX tokens_by_authorisation ON tokens (authorisation) WHERE authorisation IS NOT NULL;

-- `launch` handles: one patient in context, for one client, used once.
CREATE TABLE launches (
    hash    BLOB PRIMARY KEY,
    client  TEXT NOT NULL REFERENCES clients (id),
    patient INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pendings (
    hash         BLOB PRIMARY KEY,
    client       TEXT NOT NULL REFERENCES clients (id),
    redirect_uri TEXT NOT NULL,
    scope        TEXT NOT NULL,                -- as asked, cut to what is registered
    state        TEXT NOT NULL,
    nonce        TEXT NOT NULL,
    challenge    TEXT NOT NULL,                -- S256
    launch       BLOB,                         -- the handle's hash
    patient      INTEGER,                      -- in the handle's context
    aud          TEXT NOT NULL,
    prompt       TEXT NOT NULL,
    expires      INTEGER NOT NULL,
    answered     INTEGER NOT NULL              -- 1: approved or declined
) STRICT, WITHOUT ROWID;

CREATE INDEX pendings_by_client ON pendings (client);

-- What a person approved: the family of everything that is issued for it. `ended` ends all of it at once.
CREATE TABLE authorisations (
    authorisation TEXT PRIMARY KEY,
    client        TEXT NOT NULL REFERENCES clients (id),
    patient       INTEGER NOT NULL,
    account       TEXT NOT NULL,
    grant_id      TEXT NOT NULL,
    scope         TEXT NOT NULL,
    is_self       INTEGER NOT NULL,            -- 1: the account is the patient's own
    nonce         TEXT NOT NULL,
    made          INTEGER NOT NULL,
    ended         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX authorisations_patient ON authorisations (patient);
CREATE INDEX authorisations_client ON authorisations (client);

CREATE TABLE codes (
    hash          BLOB PRIMARY KEY,
    authorisation TEXT NOT NULL,
    patient       INTEGER NOT NULL,
    redirect_uri  TEXT NOT NULL,
    challenge     TEXT NOT NULL,
    expires       INTEGER NOT NULL,
    used          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE refreshes (
    hash          BLOB PRIMARY KEY,
    authorisation TEXT NOT NULL,
    patient       INTEGER NOT NULL,
    scope         TEXT NOT NULL,
    expires       INTEGER NOT NULL,
    used          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refreshes_by_authorisation ON refreshes (authorisation);

-- Keys that sign id_tokens; the private half is sealed under a key of the installation.
CREATE TABLE signing_keys (
    kid     TEXT PRIMARY KEY,
    sealed  BLOB NOT NULL,
    made    INTEGER NOT NULL,
    retired INTEGER                            -- until then its public half is published
) STRICT, WITHOUT ROWID;
