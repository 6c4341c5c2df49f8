"""Medtronic CareLink: what its exports need beyond their mapping."""
