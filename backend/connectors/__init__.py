"""One folder per ERP, all of one shape: adapter.py speaks, mapper.py translates, README.md explains."""
