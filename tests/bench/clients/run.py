"""One measurement in a process of its own: `python -m tests.bench.clients.run` reads a job, prints its result.

Both are JSON. The result includes the resources that the servers used meanwhile (`meter.Watch.used`).
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench import meter
from tests.bench.clients.client import Address, Client
from tests.bench.clients.flood import flood
from tests.bench.clients.kinds import client_for
from tests.bench.clients.wire import Refused

Result = dict[str, Any]


def first(client: Client, job: dict[str, Any]) -> Result:
    """Fetch everything once."""
    started = time.perf_counter()
    replica = client.first_sync()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "rows": len(replica), "state": client.state}


def delta(client: Client, job: dict[str, Any]) -> Result:
    """Fetch the same changes again and again."""
    client.state = job["state"]
    client.delta()  # warms the connection and the server's caches, for all systems alike
    before = client.wire.received
    seconds, rows = [], 0
    for _ in range(job["times"]):
        started = time.perf_counter()
        rows = len(client.delta())
        seconds.append(time.perf_counter() - started)
    return {"each": seconds, "rows": rows, "bytes": (client.wire.received - before) // job["times"]}


def push(job: dict[str, Any], watch: meter.Watch) -> Result:
    """Push each phone's documents in batches, all phones at once; the server must accept every one."""
    size = job["batch"]
    phones = [(client_for(Address(**phone["address"])), phone["documents"]) for phone in job["phones"]]

    def push_all(client: Client, documents: list[dict[str, Any]]) -> int:
        return sum(client.push(documents[n : n + size]) for n in range(0, len(documents), size))

    with ThreadPoolExecutor(len(phones)) as pool:
        watch.begin()
        started = time.perf_counter()
        accepted = sum(pool.map(push_all, *zip(*phones, strict=True)))
        seconds = time.perf_counter() - started
    documents = sum(len(documents) for _, documents in phones)
    if accepted != documents:
        raise Refused(f"{accepted} of {documents} orders were accepted")
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


JOBS: dict[str, Callable[[Client, dict[str, Any]], Result]] = {"first": first, "delta": delta}
TOGETHER = {"idle": idle, "push": push}
"""Jobs of several clients at once, which begin to watch the servers themselves."""


def main() -> None:
    job = json.load(sys.stdin)
    watch = meter.Watch(job["web"], job["database"])
    if job["job"] in TOGETHER:
        result = TOGETHER[job["job"]](job, watch)
    else:
        client = client_for(Address(**job["address"]))
        received = client.wire.received
        watch.begin()
        result = JOBS[job["job"]](client, job)
        result.setdefault("bytes", client.wire.received - received)
    json.dump({**result, **watch.used()}, sys.stdout)


if __name__ == "__main__":
    main()
