"""Measurements: Satchel beside what one would use or write instead, on one data set, in one run.

`make bench` runs them all and writes `docs/benchmarks.md`; `python -m tests.bench idle --quick` runs one part
on little data. Nothing here asserts a time.

- `sizes`, `company`, `records`: how much data, who hears what, and the records.
- `systems`: servers, filled and started: Satchel, Kinto, a hand-written endpoint, a static file.
- `clients`: what speaks to them, each in a process of its own so that its CPU and memory can be told.
- `parts`: what is measured.
- `meter`, `table`: CPU and memory from /proc; the report.
"""
