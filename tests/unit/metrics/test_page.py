"""The page tells every metric as it is in the code: name, type and labels; and its alerts name no other."""

import re
from pathlib import Path

import pytest

from backend.gauges import GAUGES
from backend.metrics import METRICS

PAGE = (Path(__file__).parents[3] / "docs/metrics.md").read_text()
ROW = re.compile(r"^\| `(satchel_\w+)` \| (\w+) \|([^|]*)\|([^|]*)\|([^|]+)\|$", re.M)

IN_THE_CODE = {
    **{metric.name: (metric.kind, metric.label_names) for metric in METRICS},
    **{gauge.name: ("counter" if gauge.name.endswith("_total") else "gauge", gauge.labels) for gauge in GAUGES},
}


def test_the_page_has_names_types_and_labels_of_the_code() -> None:
    rows = ROW.findall(PAGE)
    documented = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _, _ in rows}
    assert len(rows) == len(documented), "a metric stands in the page twice"
    assert documented == IN_THE_CODE


@pytest.mark.parametrize("name", IN_THE_CODE)
def test_names_follow_the_conventions(name: str) -> None:
    """https://prometheus.io/docs/practices/naming/: a prefix, base units, and `_total` for what is counted."""
    kind, labels = IN_THE_CODE[name]
    assert re.fullmatch(r"satchel_[a-z]+(_[a-z]+)*", name)
    assert name.endswith("_total") == (kind == "counter")
    assert kind != "histogram" or name.endswith("_duration_seconds")
    assert not re.search(r"milli|minute|hour|kilo|_mb|percent", name)
    assert not set(labels) & {"device", "rep", "customer", "submission", "user", "key", "channel", "le"}


def test_the_page_has_the_units_of_the_names() -> None:
    for name, _, _, unit, _ in ROW.findall(PAGE):
        for word in ("seconds", "bytes"):
            assert (word in name) == (unit.strip() == word), f"{name} is said to be in {unit}"


def test_alerts_name_existing_metrics() -> None:
    rules = "\n".join(re.findall(r"```yaml\n(.*?)```", PAGE, re.S))
    named = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\bsatchel_\w+", rules)}
    assert rules.count("- alert:") == 7
    assert named and named <= IN_THE_CODE.keys()
