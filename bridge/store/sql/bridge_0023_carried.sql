-- Law: under which links and grants a destination was ever sent anything of a person, a row each: every round of deliveries
-- asks for that, and `sent` has a row for each reading. What is still there, `sent` alone says.
CREATE TABLE carried (
  patient INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  link INTEGER NOT NULL,
  grant_id TEXT NOT NULL,
  PRIMARY KEY (patient, destination, link, grant_id)
) STRICT, WITHOUT ROWID;
INSERT INTO carried SELECT DISTINCT s.patient, s.destination, s.link, d.grant_id
  FROM sent s JOIN deliveries d ON d.delivery = s.delivery;
