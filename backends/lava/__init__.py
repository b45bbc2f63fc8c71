"""Lava 0.10 as a backend: graphs of stock processes to deploy, and of our own that learn by noise.

Every graph runs in a child. Nothing but the child imports Lava, so that neither its start nor its
faults reach the caller.
"""
