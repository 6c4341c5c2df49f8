"""The command line, one module a noun. It parses, calls and prints; it decides nothing."""
