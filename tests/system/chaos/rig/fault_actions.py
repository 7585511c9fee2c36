"""The actions that begin and end faults: how the parts of a site are broken and repaired."""

import signal
from collections.abc import Callable
from random import Random

from tests.services import standby
from tests.services.link import GPRS, PERFECT
from tests.system.chaos.rig.site import Site
from tests.system.scenarios.node import Node

Begin = Callable[[Site, Random], None]
End = Callable[[Site], None]

# Processes


def web_killed(site: Site, draw: Random) -> None:
    node = site.nodes[0]
    node.kill(node.web)


def web_back(site: Site) -> None:
    node = site.nodes[0]
    node.stop(node.web)
    node.start_web(wait=False)


def web_dies_at(point: str) -> Begin:
    def begin(site: Site, draw: Random) -> None:
        node = site.nodes[0]
        node.stop(node.web)
        node.start_web(f"{point}=kill@{draw.randint(1, 3)}", wait=False)

    return begin


def web_moves(site: Site, draw: Random) -> None:
    """Send the phones to the other node while this one is stopped for an update."""
    site.lines["phones"].point(site.nodes[1].port)
    site.nodes[0].stop(site.nodes[0].web)


def web_moves_back(site: Site) -> None:
    site.nodes[0].start_web(wait=False)
    site.lines["phones"].point(site.nodes[0].port)


def workers_killed(site: Site, draw: Random) -> None:
    for node in site.nodes:
        node.kill(node.worker)


def workers_back(site: Site) -> None:
    for node in site.nodes:
        node.stop(node.worker)
        node.start_worker()


def workers_die_at(point: str) -> Begin:
    def begin(site: Site, draw: Random) -> None:
        for node in site.nodes:
            node.stop(node.worker)
            node.start_worker(f"{point}=kill@{draw.randint(1, 3)}")

    return begin


def worker_sleeps(site: Site, draw: Random) -> None:
    """Pause a worker for longer than its lease, so that the other worker takes over its document."""
    _signal(site.nodes[0], signal.SIGSTOP)


def worker_wakes(site: Site) -> None:
    _signal(site.nodes[0], signal.SIGCONT)


def _signal(node: Node, number: int) -> None:
    if node.worker is not None:
        node.worker.send(number)


# Servers


def database_killed(site: Site, draw: Random) -> None:
    site.primary.kill()


def database_back(site: Site) -> None:
    site.primary.start()


def failover(site: Site, draw: Random) -> None:
    """Disconnect the standby; it will lack everything that is acknowledged from now on (the tail)."""
    if site.standby is not None:
        standby.cut(site.standby)


def promoted(site: Site) -> None:
    """Remove the primary and promote the standby, which lacks the tail."""
    if site.standby is None:
        return
    site.primary.kill()
    site.primary.remove()
    standby.promote(site.standby)
    site.primary, site.standby, site.failed_over = site.standby, None, True
    site.lines["database"].point(site.primary.port)


def redis_killed(site: Site, draw: Random) -> None:
    site.redis.kill()


def redis_back(site: Site) -> None:
    site.redis.start()


def redis_emptied(site: Site, draw: Random) -> None:
    site.redis.flush()


def erp_killed(site: Site, draw: Random) -> None:
    site.tryton.kill()


def erp_back(site: Site) -> None:
    site.tryton.start()


# Phones


def phone_killed(site: Site, draw: Random) -> None:
    draw.choice(site.phones).kill()


def phones_back(site: Site) -> None:
    for phone in site.phones:
        phone.start()


def phones_die_at(point: str) -> Begin:
    def begin(site: Site, draw: Random) -> None:
        for phone in site.phones:
            phone.kill()
            phone.start(f"{point}=kill@{draw.randint(1, 3)}")

    return begin


def phones_restarted(site: Site) -> None:
    for phone in site.phones:
        phone.kill()
        phone.start()


# Lines


def cut(line: str) -> Begin:
    def begin(site: Site, draw: Random) -> None:
        for _ in range(6):
            site.lines[line].cut(down=draw.randint(1, 9_000))
            site.lines[line].cut(up=draw.randint(1, 9_000))

    return begin


def hang(line: str) -> Begin:
    return lambda site, draw: site.lines[line].hang()


def refuse(line: str) -> Begin:
    return lambda site, draw: site.lines[line].refuse()


def heal(line: str) -> End:
    return lambda site: site.lines[line].heal()


def lose(line: str, *markers: bytes) -> Begin:
    def begin(site: Site, draw: Random) -> None:
        for marker in markers:
            site.lines[line].lose(marker, draw.randint(1, 3))

    return begin


def slow(site: Site, draw: Random) -> None:
    site.lines["phones"].link = GPRS


def fast(site: Site) -> None:
    site.lines["phones"].link = PERFECT
