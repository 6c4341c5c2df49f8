"""How bytes arrive: uploads and submissions now, cloud pulls later. Drives adapters, asks the store to keep."""
