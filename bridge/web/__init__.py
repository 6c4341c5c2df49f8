"""HTTP: thin routes from a request to the door and back."""
