"""Statistics over columns."""
