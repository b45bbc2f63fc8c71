"""Lava 0.10 as a backend: integer networks as graphs of its stock processes, each run in a child.

Nothing but the child imports Lava, so that neither its start nor its faults reach the caller.
"""
