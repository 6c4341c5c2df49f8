-- Law (safety.md, corrections travel): that a receiver refused to take something back is said of the row itself. It was
-- inferred from a refusal and what its delivery was then, and a correction that was refused before passed for it: it was
-- never taken back. What is not certain is asked once more; who takes no corrections is not.
ALTER TABLE sent ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;  -- 1: refused, and what was refused is a retraction
UPDATE sent SET kept = 1 WHERE state = 'refused' AND delivery IN (
  SELECT delivery FROM deliveries WHERE what = 'retraction' AND state = 'correction-not-deliverable');
-- One place holds one item: whose it is already is asked after each answer.
CREATE INDEX sent_reference ON sent (destination, reference);
