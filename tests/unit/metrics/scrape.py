"""Asks for metrics as Prometheus does, and reads the answer."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

Values = dict[str, dict[tuple[tuple[str, str], ...], float]]


def scrape(address: str) -> Values:
    """Return what is served at *address* (`host:port`)."""
    reply = httpx.get(f"http://{address}/metrics", timeout=30, trust_env=False)
    assert reply.status_code == 200, reply.text
    return read(reply.text)


def read(text: str) -> Values:
    """Return the values of *text* by sample name and sorted labels."""
    values: Values = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            of_name = values.setdefault(sample.name, {})
            assert labels not in of_name, f"{sample.name}{labels} is there twice"
            of_name[labels] = sample.value
    return values


def value(values: Values, name: str, **labels: str) -> float:
    """Return one value; 0.0 if there is none."""
    return values.get(name, {}).get(tuple(sorted(labels.items())), 0.0)


def total(values: Values, name: str, **labels: str) -> float:
    """Return the sum of all values of *name* that carry *labels*."""
    return sum(v for of, v in values.get(name, {}).items() if labels.items() <= dict(of).items())
