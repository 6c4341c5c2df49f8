-- Who may ask: registered clients, their access tokens, and the assertions they have spent.
-- A removed client keeps its row, because the ledger and past grants speak of it; its tokens go at once.

CREATE TABLE clients (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    type          TEXT NOT NULL CHECK (type IN ('public', 'confidential', 'backend')),
    organization  TEXT NOT NULL,
    contact       TEXT NOT NULL,
    purpose       TEXT NOT NULL,               -- v3-PurposeOfUse, exactly one
    jwks_inline   TEXT,                        -- JWK Set as registered, or
    jwks_url      TEXT,                        -- where the client publishes it
    scopes        TEXT NOT NULL,               -- SMART scopes, space separated
    redirect_uris TEXT NOT NULL,               -- one a line, compared exactly
    launch_uris   TEXT NOT NULL,
    added         INTEGER NOT NULL,            -- ms UTC
    removed       INTEGER,
    CHECK (jwks_inline IS NULL OR jwks_url IS NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    hash    BLOB PRIMARY KEY,                  -- SHA-256 of the token; the token itself is nowhere
    client  TEXT NOT NULL REFERENCES clients (id),
    scope   TEXT NOT NULL,
    issued  INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_by_end ON tokens (expires);
CREATE INDEX tokens_by_client ON tokens (client);

CREATE TABLE assertions (
    client  TEXT NOT NULL,
    jti     BLOB NOT NULL,                     -- SHA-256 of the assertion's jti
    expires INTEGER NOT NULL,
    PRIMARY KEY (client, jti)
) STRICT, WITHOUT ROWID;

CREATE INDEX assertions_by_end ON assertions (expires);
