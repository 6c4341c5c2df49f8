"""Bulk export: what a client asked for, and how far it is."""
