"""How bytes arrive: uploads now, cloud pulls later. Drives adapters, asks the store to keep."""
