"""Dexcom: what the Clarity export needs beyond its mapping."""
