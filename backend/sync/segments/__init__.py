"""Segments: build their files, store them, delete them. `backend.feed.segments` has the rows that name them."""
