"""The HTTP API: `endpoints/` has one file for each address, and `routes.py` collects them."""
