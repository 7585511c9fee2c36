"""The port: what Satchel asks of an ERP. Connectors answer it; ingest and delivery ask."""
