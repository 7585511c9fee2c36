"""Causes: the documents that wait for one reason, and the batches that settle them together."""
