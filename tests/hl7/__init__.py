"""HL7 v2: what is written, what interface engines answer, and who listens."""
