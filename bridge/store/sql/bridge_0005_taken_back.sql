-- Names whose reading moved or went, found by when: whoever polls asks for them (consent.md, retraction).

CREATE INDEX blocks_away ON blocks (patient, changed) WHERE layer = 3;
