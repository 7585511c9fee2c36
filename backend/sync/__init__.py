"""Synchronization with devices: pull, push, verify, and the segments of a first sync. No HTTP."""
