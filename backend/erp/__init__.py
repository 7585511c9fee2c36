"""The port to an ERP. Connectors implement it; ingest, delivery and the office use it."""
