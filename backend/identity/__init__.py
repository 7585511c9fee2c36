"""Identity: reps, their devices, what they may read, and the audit trail."""
