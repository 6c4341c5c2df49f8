"""Subscriptions: a client is told that there is new glucose of a person who lets it have a feed."""
