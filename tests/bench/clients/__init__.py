"""The clients of the systems; each measurement runs in a process of its own (`tests.bench.clients.run`)."""
