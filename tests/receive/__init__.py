"""What others submit: the checks alone, and what is kept of them."""
