"""Medtronic CareLink: what its exports and the answers of its cloud need beyond their mappings."""
