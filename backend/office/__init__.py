"""The office's side of parked documents: what it sees, and what it may do."""
