"""The limits themselves: failures per address, and requests per device, per rep and per address.

A failure is a wrong enrolment code, refresh token or office token. It is counted when the credential has been
found to be wrong, so the limit never touches a right one: a guesser cannot lock out the neighbours at the same
address (decision 0037). Pushes are counted apart from other requests: no loop of pulls takes their share.
"""

import hashlib
from collections.abc import Callable

from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from backend.api.rates.address import network_of
from backend.api.rates.counts import Counts, Limit, limit_of, shared_storage
from backend.api.rates.local_counts import LocalCounts
from backend.settings import Settings

ALONE_SHARE = 10
"""A process counts a device for its rep, and for the other nodes, after a tenth of its limit."""


class Rates:
    """The limits of one installation; each method returns the seconds to wait, 0 if the request is admitted."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        """*now* returns seconds since 1970."""
        shared = shared_storage(settings.redis_url)
        # Apart from each other: a million addresses must not displace the counts of the devices.
        self._of_addresses = Counts(LocalCounts(now), shared, now)
        self._of_devices = Counts(LocalCounts(now), shared, now)
        self._failures = _per_minute("failure ", settings.address_failures_per_minute, reports_all=True)
        self._address = _per_minute("address ", settings.address_requests_per_minute)
        attempts = settings.sign_in_attempts
        self._sign_ins = limit_of("sign-in ", RateLimitItemPerMinute(attempts, 10))
        self._strange_sign_ins = limit_of("strange sign-in ", RateLimitItemPerHour(3 * attempts))
        device, rep = settings.device_requests_per_minute, settings.rep_requests_per_minute
        self._reads = (_per_minute("device reads ", device), _per_minute("rep reads ", rep))
        self._pushes = (_per_minute("device pushes ", device), _per_minute("rep pushes ", rep))

    def failed(self, address: str | None) -> int:
        """Count a wrong credential from *address*."""
        return self._of_addresses.hit(self._failures, network_of(address)) if self._failures else 0

    def count_public(self, address: str | None) -> int:
        """Count a request from *address* that needs no token."""
        return self._of_addresses.hit(self._address, network_of(address)) if self._address else 0

    def count_sign_in(self, account: str, address: str | None) -> int:
        """Count a sign-in to *account* from *address*, before its password is verified.

        Unlike a token, a password can be guessed: right ones count too, and above the limit none is verified.
        """
        return self._of_addresses.hit(self._sign_ins, f"{network_of(address)} {_short(account)}")

    def count_strange_sign_in(self, account: str) -> int:
        """Count a sign-in to *account* from a network that it does not know. A known network has no such limit,
        so that a guesser elsewhere locks out nobody at their desk."""
        return self._of_addresses.hit(self._strange_sign_ins, _short(account))

    def count_request(self, device: str, rep: str, now: float, *, pushes: bool) -> int:
        """Count a request of *device* of *rep*, whose token was verified at *now*.

        The rep's count has the requests of the devices that use more than `ALONE_SHARE` of their own limit.
        """
        of_device, of_rep = self._pushes if pushes else self._reads
        amount, counts = 1, self._of_devices
        if of_device is not None:
            count = counts.count(of_device, device, now)
            if count <= of_device.alone:
                return 0
            if wait := counts.wait(of_device, device, now, count):
                # A device that must wait does not use up the share of the rep's other devices.
                return wait
            amount = count if count == of_device.alone + 1 else 1
        return counts.hit(of_rep, rep, now, amount) if of_rep is not None else 0


def _short(account: str) -> str:
    """Return a name of *account* of limited length: somebody may type anything."""
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _per_minute(kind: str, amount: int, *, reports_all: bool = False) -> Limit | None:
    """Return a limit of *amount* in a minute; None for 0, which means no limit."""
    if not amount:
        return None
    return limit_of(kind, RateLimitItemPerMinute(amount), alone=0 if reports_all else amount // ALONE_SHARE)
