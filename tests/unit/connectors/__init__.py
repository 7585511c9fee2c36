"""Tests of the connectors: one contract that all keep, and what is each one's own."""
