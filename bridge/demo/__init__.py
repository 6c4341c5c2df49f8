"""The demonstration: the main job end to end on the shipped samples, and the small receiver it pushes to."""
