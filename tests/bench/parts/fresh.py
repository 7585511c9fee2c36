"""Orders on a fresh database, by thousands: what an order costs the database while its tables grow from empty.

PostgreSQL plans a prepared statement for the tables as they are, and keeps that plan until the table's next
ANALYZE. So nothing analyses the tables here, and one web process keeps its connections throughout. It plans as
if a new table had ten pages, and none if the table was vacuumed while it was empty, so both are measured. The
CPU of the database counts, not its time: other load on the machine lengthens the one and hardly the other.
"""

import statistics
from pathlib import Path

from psycopg import sql

from tests.bench.lab import Lab
from tests.bench.parts.orders import orders
from tests.bench.parts.turns import Figures
from tests.bench.sizes import Sizes
from tests.bench.systems.satchel import SatchelSystem
from tests.services import PostgresServer

NO_AUTOVACUUM = """
DO $$ DECLARE name regclass; BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', name);
    END LOOP;
END $$
"""


def fresh(lab: Lab, postgres: PostgresServer, folder: Path, sizes: Sizes) -> Figures:
    """Push `sizes.fresh_thousands` times `sizes.orders` orders; return CPU seconds an order for each of them.

    Repeated on another fresh database each time, new and vacuumed; the medians of each thousand count. `growth`
    is the largest of the later ones over the first, `trend` the last over the first, both of the kind of
    database that grows more.
    """
    kinds: list[dict[str, list[float]]] = []
    for vacuumed in (False, True):
        rounds = [_round(lab, postgres, folder, sizes, n, vacuumed) for n in range(sizes.fresh_repeats)]
        steps = range(sizes.fresh_thousands)
        kinds.append(
            {part: [statistics.median(r[part][step] for r in rounds) for step in steps] for part in rounds[0]}
        )
    new, vacuumed_first = kinds
    return {
        "orders": sizes.orders,
        "database": new["database"],
        "vacuumed": vacuumed_first["database"],
        "web": new["web"],
        "growth": max(max(kind["database"][1:]) / kind["database"][0] for kind in kinds),
        "trend": max(kind["database"][-1] / kind["database"][0] for kind in kinds),
    }


def _round(
    lab: Lab, postgres: PostgresServer, folder: Path, sizes: Sizes, n: int, vacuumed: bool
) -> dict[str, list[float]]:
    database, rep = f"fresh_{n}_{vacuumed:d}", lab.reps[1]
    system = SatchelSystem(postgres, folder / database, sizes, database=database, analysed=vacuumed)
    costs: dict[str, list[float]] = {"database": [], "web": []}
    try:
        system.fill(lab.reps, lab.data)
        postgres.execute(sql.SQL(NO_AUTOVACUUM), database)
        with lab.running(system):
            for step in range(sizes.fresh_thousands):
                made = list(orders(sizes.orders, lab.data, rep, 100 * n + step))
                used = lab.push(system, [(system.address(rep), system.orders(made, rep))])
                costs["database"].append(used["database_cpu"] / sizes.orders)
                costs["web"].append(used["web_cpu"] / sizes.orders)
    finally:
        postgres.drop_database(database)
    return costs
