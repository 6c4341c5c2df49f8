"""What others submit, checked before any of it is kept: pure, over parsed resources, knowing no person."""
