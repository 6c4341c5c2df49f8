"""Kept CGM submissions: what of them a mapping cannot say."""
