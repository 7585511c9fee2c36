"""Segments: how they are built, where their files lie, when they go. `backend.feed.segments` lists them."""
