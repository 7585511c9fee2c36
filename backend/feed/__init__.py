"""The feed: everything that devices can learn. One compacted table is both the mirror and the log."""
