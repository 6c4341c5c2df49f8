"""What may leave: grants, the pure decision over them, and the one door. Import the modules, not this."""
