"""HL7 v2.5.1 messages: written from what the gate disclosed, and the answers of interface engines read."""
