"""One measurement in a process of its own: `python -m tests.bench.clients.run` reads a job, prints its result.

Both are JSON. The result includes the resources that the servers used meanwhile (`meter.Watch.used`).
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench import meter
from tests.bench.clients.client import Address, Client
from tests.bench.clients.flood import flood
from tests.bench.clients.kinds import client_for
from tests.bench.clients.wire import Refused

Result = dict[str, Any]


def first(client: Client, job: dict[str, Any]) -> Result:
    """Fetch everything once."""
    began = time.perf_counter()
    replica = client.first_sync()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "rows": len(replica), "state": client.state}


def delta(client: Client, job: dict[str, Any]) -> Result:
    """Fetch the same changes again and again."""
    client.state = job["state"]
    client.delta()  # warms the connection and the server's caches, for all systems alike
    before = client.wire.received
    seconds, rows = [], 0
    for _ in range(job["times"]):
        began = time.perf_counter()
        rows = len(client.delta())
        seconds.append(time.perf_counter() - began)
    return {"each": seconds, "rows": rows, "bytes": (client.wire.received - before) // job["times"]}


def push(client: Client, job: dict[str, Any]) -> Result:
    """Push all documents in batches; the server must accept every one."""
    documents, size = job["documents"], job["batch"]
    began = time.perf_counter()
    accepted = sum(client.push(documents[n : n + size]) for n in range(0, len(documents), size))
    seconds = time.perf_counter() - began
    if accepted != len(documents):
        raise Refused(f"{accepted} of {len(documents)} orders were accepted")
    return {"seconds": seconds, "orders": accepted}


def idle(job: dict[str, Any], watch: meter.Watch) -> Result:
    """Poll from many connections at once; every response must say that nothing has changed."""
    polls = []
    for address in job["pollers"]:
        client = client_for(Address(**address))
        client.catch_up()
        polls.append(client.polls())
        client.wire.close()
    watch.begin()
    return flood(job["port"], polls, job["seconds"])


JOBS: dict[str, Callable[[Client, dict[str, Any]], Result]] = {"first": first, "delta": delta, "push": push}


def main() -> None:
    job = json.load(sys.stdin)
    watch = meter.Watch(job["web"], job["database"])
    if job["job"] == "idle":
        result = idle(job, watch)
    else:
        client = client_for(Address(**job["address"]))
        received = client.wire.received
        watch.begin()
        result = JOBS[job["job"]](client, job)
        result.setdefault("bytes", client.wire.received - received)
    json.dump({**result, **watch.used()}, sys.stdout)


if __name__ == "__main__":
    main()
