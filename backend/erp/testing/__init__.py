"""The contract of the port as a test suite: a connector's tests inherit it, those of a third party too.

    import pytest
    from backend.erp.testing import ConnectorContract

    class TestMyErp(ConnectorContract):
        @pytest.fixture
        def erp(self, tmp_path):
            return MyErpFixture(tmp_path)  # a `ConnectorFixture`

Only this package needs pytest; the server itself does not import it.
"""

try:
    import pytest
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "backend.erp.testing is a pytest suite, and pytest is not installed here; install pytest", name="pytest"
    ) from error

# Before the modules are imported, so that a failed assertion shows its values in a third party's tests too.
pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in ("contract", "reading", "writing")))

from backend.erp.testing.contract import ConnectorContract  # noqa: E402
from backend.erp.testing.fixture import ConnectorFixture  # noqa: E402
from backend.erp.testing.reading import Records, read_all, steady  # noqa: E402

__all__ = ["ConnectorContract", "ConnectorFixture", "Records", "read_all", "steady"]
