"""Fill a fresh Tryton database with the sample company "Nordhaven Supply".

Run with the Python of Tryton's own virtualenv, as a folder, so that nothing of the
repository is importable here:

    $TRYTON/bin/python tests/services/tryton_loader --config trytond.conf --database erp

Prints one JSON object: what was created, by code, with ids. The same seed and sizes give the
same company; dates are relative to today.
"""

import argparse
import json
import os
import random
import sys
import time


def main() -> None:
    options = _options()
    # proteus takes the database's name from here when no URL is given
    os.environ["DB_NAME"] = options.database

    import accounts
    import company
    import customers
    import goods
    import orders
    import staff
    import stock
    from proteus import config

    config.set_trytond(user="admin", config_file=options.config)
    chance = random.Random(options.seed)
    started = time.monotonic()

    def report(what: str, made: dict) -> dict:
        print(f"{time.monotonic() - started:6.1f} s  {what}", file=sys.stderr)
        return made

    summary = report("company", company.load())
    summary |= report("accounts", accounts.load(summary))
    summary |= report("goods", goods.load(summary, chance, options.products))
    summary |= report("customers", customers.load(summary, chance, options.customers))
    summary |= report("staff", staff.load(summary, options.connector_password))
    summary |= report("stock", stock.load(summary, chance))
    summary |= report("orders", orders.load(summary, chance, options.orders))
    many = {name: value for name, value in summary.items() if isinstance(value, (list, dict))}
    summary["counts"] = {name: _size(value) for name, value in many.items()}
    summary["seconds"] = round(time.monotonic() - started, 1)
    json.dump(summary, sys.stdout)


def _size(made: list | dict) -> int:
    """Return how many records were made; of orders, over all stages."""
    parts = list(made.values()) if isinstance(made, dict) else made
    return sum(map(len, parts)) if parts and isinstance(parts[0], list) else len(parts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True, help="trytond.conf")
    parser.add_argument("--database", required=True)
    parser.add_argument("--connector-password", required=True, help="of the user `connector`")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--products", type=int, default=120)
    parser.add_argument("--orders", type=int, default=30)
    return parser.parse_args()


main()
