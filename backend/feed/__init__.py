"""The feed: what is known. One compacted table is both the mirror and the log."""
