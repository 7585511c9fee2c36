"""A PostgreSQL server that ends and starts again: the first request in either state is answered rightly."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.settings import read_settings
from tests.services import PostgresServer
from tests.unit.api.installation import install
from tests.unit.api.test_outages import Caller, assert_unavailable
from tests.unit.sync.company import order_body, submission

ID = "01KBR9Z8Q5T0000000000000AC"


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.kill], ids=["stopped", "killed"])
def test_the_first_requests_after_postgresql_ended_are_answered_503_and_later_ones_recover(
    tmp_path: Path, clock: ManualClock, end: Callable[[PostgresServer], None]
) -> None:
    with PostgresServer(tmp_path / "postgres", durable=True) as server:
        url = server.create_database("satchel")
        settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "i"), "SATCHEL_DATABASE_URL": url})
        with install(settings, clock) as installation:
            caller = Caller(installation)
            assert caller.poll().status_code == 304
            document = submission(ID, order_body("C1"))
            end(server)
            assert_unavailable(caller.poll(), "GET")
            assert_unavailable(caller.phone.pull(), "GET")
            assert_unavailable(caller.phone.push(document), "POST")
            server.restart()
            assert caller.poll().status_code == 304
            [result] = caller.phone.push(document).json["results"]
            assert result["status"] in ("received", "refused")
