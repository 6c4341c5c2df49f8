"""Nightscout and the rigs around it: what its mappings cannot declare."""
