"""CGM figures over columns, pure. Import the modules, not this."""
