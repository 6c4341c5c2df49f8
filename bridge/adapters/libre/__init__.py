"""Abbott FreeStyle Libre: what the LibreView download needs beyond its mapping."""
