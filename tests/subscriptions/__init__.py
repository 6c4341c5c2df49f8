"""Subscriptions: asked for, notified, over real HTTP."""
