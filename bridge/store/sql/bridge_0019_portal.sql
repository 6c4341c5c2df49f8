-- Law: what a portal holds of a person is remembered by calendar month: how often it was sent and a number that changes
-- with the ids and versions in it. No reading, no file name (it has the portal's id of the person), no checksum of values.
CREATE TABLE shelves (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  month TEXT NOT NULL,               -- YYYY-MM in the person's zone
  revision INTEGER NOT NULL,         -- how often it was sent
  content TEXT NOT NULL,             -- of ids and versions; '' what is there may differ from what is known
  link INTEGER NOT NULL,             -- under which it was sent
  PRIMARY KEY (patient, destination, month)
) STRICT;
