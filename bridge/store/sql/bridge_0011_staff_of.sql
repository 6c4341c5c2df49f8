-- Law: a member of staff works for one organisation of those whose programs are registered, and the desk sees what was
-- asked for its programs alone (issue: sharing codes). '': not said; enough where there is one organisation.
ALTER TABLE staff ADD COLUMN organization TEXT NOT NULL DEFAULT '';
