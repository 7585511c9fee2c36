"""Receipts: resumable uploads, content-addressed files, and the checks on both."""
