"""Who signs in and for whom they may act."""
