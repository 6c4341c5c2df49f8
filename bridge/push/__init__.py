"""Delivery without being asked: what is due, how it is sent, what came of it (`consent.md`, ways)."""
