"""Identity: reps, their devices, what they may hear, and who did what."""
