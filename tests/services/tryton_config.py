"""The configuration of our Tryton: its modules, users and configuration file."""

from pathlib import Path

from tests.services.postgres import SUPERUSER, PostgresServer

# Dependencies come along. `satchel` is our companion module.
MODULES = (
    "party_relationship", "sale_price_list", "sale_credit_limit", "sale_supply", "sale_complaint",
    "account_credit_limit", "account_invoice_stock", "stock_supply", "stock_forecast",
    "stock_supply_forecast", "satchel",
)  # fmt: skip

# Of a sample company on 127.0.0.1, made by us and known to everybody: no secrets.
ADMIN_PASSWORD = "nordhaven-office-1"
CONNECTOR_PASSWORD = "nordhaven-field-1"


def write_config(folder: Path, postgres: PostgresServer) -> Path:
    """Write a trytond.conf for this PostgreSQL; return its path."""
    config = folder / "trytond.conf"
    config.write_text(
        "[database]\n"
        f"uri = postgresql://{SUPERUSER}@127.0.0.1:{postgres.port}/\n"
        f"path = {folder / 'files'}\n"
        # else anybody may list the databases
        "list = False\n"
    )
    return config
