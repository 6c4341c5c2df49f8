-- Law (consent.md, what the asker learns): an order that a client sent belongs to the name of the person that it was sent
-- under; under another one it is not there. The pairing id, as a grant has it; x'' by name, or found at a destination.
ALTER TABLE orders ADD COLUMN pairing BLOB NOT NULL DEFAULT x'';
