-- Who ever made a grant for a recipient, in order of their numbers: a bulk export goes through them (issue: bulk export).
CREATE INDEX grants_of_recipient ON grants (recipient, patient);
