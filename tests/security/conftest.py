"""The installation and the phone of the tests of the API."""

from tests.unit.api.conftest import installation, phone

__all__ = ["installation", "phone"]
