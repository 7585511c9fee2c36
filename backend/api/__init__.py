"""/v1 for devices: one endpoint a file, one table of doors, one lock on all of them."""
