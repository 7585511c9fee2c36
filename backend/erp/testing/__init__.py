"""The contract of the port as a test suite: a connector's tests inherit it, those of a third party too.

    import pytest
    from backend.erp.testing import ConnectorContract

    class TestMyErp(ConnectorContract):
        @pytest.fixture
        def erp(self, tmp_path):
            return MyErpFixture(tmp_path)  # a `ConnectorFixture`

Only this package needs pytest; the server itself does not import it.
"""

from importlib.util import find_spec

if find_spec("pytest") is None:
    raise ModuleNotFoundError(
        "backend.erp.testing is a pytest suite, and pytest is not installed here; install pytest", name="pytest"
    )

from backend.erp.testing.contract import ConnectorContract
from backend.erp.testing.expectations import RuleBroken
from backend.erp.testing.fixture import ConnectorFixture
from backend.erp.testing.reading import Records, read_all, steady

__all__ = ["ConnectorContract", "ConnectorFixture", "Records", "RuleBroken", "read_all", "steady"]
