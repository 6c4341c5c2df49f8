"""Senseonics Eversense: what the DMS spreadsheet needs beyond its mapping."""
