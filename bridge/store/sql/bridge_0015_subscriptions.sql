-- Law: a subscription is what a client asked for and how far it was served; whom it is about, what it filters, its
-- endpoint and its headers rest sealed. Of an event rest the number, the id and a version of the reading, so that it is
-- told once, and never a value. What is about a person has the column `patient`.
CREATE TABLE subscriptions (
  id TEXT PRIMARY KEY,               -- random, part of its address
  client TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('requested', 'active', 'error', 'off')),
  asked BLOB NOT NULL,               -- sealed
  headers BLOB NOT NULL,             -- sealed under a key of their own; opened for one call
  ends INTEGER NOT NULL,
  changed INTEGER NOT NULL,          -- of what its client reads
  start INTEGER NOT NULL,            -- what was there before is no event
  since INTEGER NOT NULL,            -- up to when everything was looked at
  mark BLOB NOT NULL,                -- of the grants under which the last event was told; x'' none yet
  epoch INTEGER NOT NULL,            -- how often that changed
  events INTEGER NOT NULL,           -- told in this epoch
  beat INTEGER,                      -- next heartbeat; NULL none
  failures INTEGER NOT NULL,         -- in a row
  due INTEGER NOT NULL,              -- no call before
  problem TEXT NOT NULL,             -- a sentence; '' none
  turn INTEGER NOT NULL              -- raised by every change: who read an older one writes nothing
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_client ON subscriptions (client);

CREATE TABLE subscription_events (
  subscription TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  number INTEGER NOT NULL,
  patient INTEGER NOT NULL,
  item BLOB NOT NULL,                -- 16 bytes: the id by which the reading left
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,               -- when it came to be visible as it is
  is_taken INTEGER NOT NULL,         -- 1: the endpoint said so
  PRIMARY KEY (subscription, epoch, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_events_item ON subscription_events (subscription, item);
CREATE INDEX subscription_events_patient ON subscription_events (patient);

-- Where the operator lets a client have itself notified.
CREATE TABLE notification_origins (
  client TEXT NOT NULL,
  origin TEXT NOT NULL,              -- scheme, host and port
  internal INTEGER NOT NULL,         -- 1: in a private network on purpose
  PRIMARY KEY (client, origin)
) STRICT, WITHOUT ROWID;
