"""The back office: parked documents, what a person may do with them, and the accounts of these people."""
