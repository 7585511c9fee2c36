"""Alerts: somebody is told, by e-mail or webhook, when a document waits too long for a person."""
