"""The phone under faults: every stage once, and every fault that is no kill; `make chaos` plays new seeds."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright

from tests.browser.chaos.faults import BY_NAME, FAULTS
from tests.browser.chaos.installation import Installation
from tests.browser.chaos.run import run

pytestmark = pytest.mark.timeout(900)

STORED, SENT, REST = "what is stored", "what is sent", "the other steps"
PLANS = {
    STORED: [
        "killed at capture.stored", "killed at freeze.inside", "killed at shrink.begun", "quota full",
        "databases closed", "replica deleted", "two windows", "wrong clock", "killed at update.accepted",
    ],
    SENT: [
        "killed at push.answered", "killed at pull.answered", "killed at apply.inside", "killed at upload.sent",
        "token expired", "token rotated and the reply lost", "the reply to a push is lost",
        "the reply to a withdrawal is lost", "the line is cut", "the line hangs", "revoked",
        "the next build beside the present one",
    ],
}  # fmt: skip
PLANS[REST] = [fault.name for fault in FAULTS if fault.name not in {*PLANS[STORED], *PLANS[SENT]}]


@pytest.fixture(scope="module")
def installation(built_app: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("phone-chaos")) as installation:
        yield installation


@pytest.mark.parametrize("name", [STORED, SENT, pytest.param(REST, marks=pytest.mark.full)])
def test_what_the_screen_called_saved_is_there_once(
    name: str, playwright: Playwright, installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plan = [BY_NAME[fault] for fault in PLANS[name]]
    result = run(playwright, installation, tmp_path_factory.mktemp("phone"), 1, plan)
    assert result.saved >= len(plan)
