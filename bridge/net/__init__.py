"""Calls to the outside: the only package that opens outbound connections (`architecture.md`)."""
