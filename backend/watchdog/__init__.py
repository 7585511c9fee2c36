"""The watchdog: heartbeats of workers and their duties, what is late, and the alert about it."""
