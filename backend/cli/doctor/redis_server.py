"""`satchel doctor` on Redis. Imported only where Redis is used, because its library takes long to import."""

from collections.abc import Iterator

import redis

from backend.cli.doctor.finding import OK, WARNING, Finding


def examine_redis(url: str) -> Iterator[Finding]:
    """Yield the finding about the Redis at *url*."""
    try:
        client = redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3)
        version = client.info("server")["redis_version"]
        client.close()
        yield Finding(OK, "redis", f"version {version}")
    except (redis.RedisError, ValueError) as error:
        yield Finding(
            WARNING,
            "redis",
            str(error),
            "check SATCHEL_REDIS_URL; until then the worker polls, and nothing is lost",
        )
