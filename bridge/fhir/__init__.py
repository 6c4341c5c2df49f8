"""FHIR R4 (4.0.1) at the edge: what is asked is parsed, what is disclosed is rendered; nothing here rests."""
