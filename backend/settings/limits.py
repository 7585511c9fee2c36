"""The settings of limits and of sessions, which are a file of its own: the server's other settings fill one."""

from dataclasses import dataclass

from backend.settings import readers as read
from backend.settings.declaration import setting


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """How often somebody may ask, what a rep may send in a day, and how long a sign-in lasts."""

    device_requests_per_minute: int = setting(
        read.integer(0),
        "1200",
        "Maximum number of requests of a device in a minute; pushes are counted apart. 0: no limit.",
    )
    rep_requests_per_minute: int = setting(
        read.integer(0),
        "2400",
        "Maximum number of requests of all devices of a rep in a minute; pushes are counted apart. "
        "0: no limit.",
    )
    address_requests_per_minute: int = setting(
        read.integer(0),
        "600",
        "Maximum number of requests without a token from an address in a minute. 0: no limit.",
    )
    address_failures_per_minute: int = setting(
        read.integer(0),
        "20",
        "Wrong enrolment codes, refresh tokens and office tokens in a minute after which further wrong ones "
        "from the address get 429. Right ones are always accepted. 0: no limit.",
    )
    sign_in_attempts: int = setting(
        read.integer(1, 1_000),
        "10",
        "Sign-ins to the console of one account in ten minutes, right or wrong, from one network. From all "
        "networks that the account does not know together: three times as many in an hour.",
    )
    console_idle_minutes: int = setting(
        read.integer(1, 1_440), "60", "Minutes without a request after which a session of the console ends."
    )
    console_hours: int = setting(
        read.integer(1, 720), "12", "Hours after its sign-in at which a session of the console ends."
    )
    documents_per_day: int = setting(
        read.integer(0), "5000", "Documents of a rep in a day after which pushes must wait. 0: no limit."
    )
    receipts_per_day: int = setting(
        read.integer(0), "1000", "Maximum number of receipts of a rep in a day. 0: no limit."
    )
    receipt_bytes_per_day: int = setting(
        read.integer(0), "2147483648", "Maximum bytes of the receipts of a rep in a day. 0: no limit."
    )
    parked_bytes_per_day: int = setting(
        read.integer(0),
        "52428800",
        "Bytes of documents of a rep that arrived today and are parked, refused or in quarantine, after which "
        "pushes must wait. 0: no limit.",
    )
