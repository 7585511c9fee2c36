"""Receipts of expense claims: resumable uploads, and files that are named by the sha256 of their content."""
