"""Alerts: an e-mail or a webhook when a document waits too long for a person."""
