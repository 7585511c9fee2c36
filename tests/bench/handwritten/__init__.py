"""The endpoint that teams usually write by hand: one table per collection, `updated_at > since`, marshmallow, a
JWT.

It is written with care, as by a team that knows its tools: typed columns, an index for every query, a pool of
connections, keyset pagination, compression, and a push that is validated and idempotent. `docs/benchmarks.md`
says what it does not do: it misses rows that commit late, keeps what a rep may no longer see, and so on.
"""
