"""What speaks to the contestants; each measurement runs in a process of its own (`tests.bench.clients.run`)."""
