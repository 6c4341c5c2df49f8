"""Abbott FreeStyle Libre: what the LibreView download and LibreLinkUp need beyond their mappings."""
