"""Pico puts the children of `role="group"` beside each other, which is meant for buttons of one line."""

import re

from backend.webapp.builder.paths import APP

GROUP = re.compile(r"""role=["'{]*(group|search)\b""")


def test_no_part_of_a_screen_has_a_role_that_pico_lays_out_in_columns() -> None:
    sources = [path for path in APP.rglob("*.js") if "vendor" not in path.parts]
    assert len(sources) > 50
    misused = [path.name for path in sources if GROUP.search(path.read_text("utf-8"))]
    assert misused == [], "use <fieldset>, or a <section> with aria-label"
