"""Real servers for tests and demos: PostgreSQL, Redis and a filled Tryton.

Nothing here needs Docker, and nothing here is a fake. Each server is a plain class that
can be used from a script (`with PostgresServer(folder) as server:`) as well as from a
pytest fixture (`tests.services.fixtures`). A server that cannot be had raises
`ServiceMissing`, which says what to install; it never skips.
"""

from tests.services.binaries import ServiceMissing
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from tests.services.s3 import S3Server
from tests.services.tryton import TrytonServer

__all__ = ["PostgresServer", "RedisServer", "S3Server", "ServiceMissing", "TrytonServer"]
