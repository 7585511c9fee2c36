"""Ingest: read the ERP through its port and publish changes to the feed."""
