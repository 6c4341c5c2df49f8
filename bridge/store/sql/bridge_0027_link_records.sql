-- Law (safety.md, whose chart is it; data.md, keys): whether a record at a receiver is another person's already is asked
-- each time a link is made, among all links of the client, so the record rests as a blind index beside the sealed link:
-- of its identifier, and of the receiver's own id where it showed one (x'' where not). NULL: a link that was made before.
ALTER TABLE links ADD COLUMN record BLOB;
ALTER TABLE links ADD COLUMN chart BLOB;
CREATE INDEX links_record ON links (record);
CREATE INDEX links_chart ON links (chart);
