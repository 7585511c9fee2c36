"""Benchmarks: Satchel compared with its alternatives, on one data set, in one run.

`make bench` runs them all and writes `docs/benchmarks.md`; `python -m tests.bench idle --quick` runs one part
on little data. Nothing here asserts a time.

- `sizes`, `company`, `records`: the amount of data, the reps and their channels, and the records.
- `systems`: the servers, filled and started: Satchel, Kinto, a hand-written endpoint, a static file.
- `clients`: their clients, each in a process of its own, so that its CPU and memory can be measured.
- `parts`: the measurements.
- `meter`, `report`: CPU and memory from /proc; the tables.
"""
