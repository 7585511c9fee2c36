"""The endpoint that is usually written by hand: a table a collection, `updated_at > since`, marshmallow, a JWT.

Written with care, as a team would that knows its tools: typed columns, an index for every query, a pool of
connections, pages by keyset, compression, a push that is validated and idempotent. What it does not do is in
`docs/benchmarks.md`: it misses rows that commit late, keeps what a rep may no longer see, and so on.
"""
