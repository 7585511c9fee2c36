"""`satchel conformance …`: check a device or a server against the rules of the protocol."""

import json
from collections.abc import Iterable
from typing import Any

import click

from sync_protocol.conformance import device as devices
from sync_protocol.conformance import server as servers
from sync_protocol.conformance.rule import RuleResult

COLOURS = {"pass": "green", "fail": "red", "not applicable": "yellow"}  # nosec B105 # no password


@click.group()
def conformance() -> None:
    """Check your own device or server against the rules of the protocol."""


@conformance.command("device", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True)
@click.option(
    "--only", multiple=True, metavar="RULE", help="Check only this rule, by number or name. Repeatable."
)
@click.option(
    "--seconds",
    default=devices.SECONDS,
    type=click.FloatRange(min=0, min_open=True),
    show_default=True,
    help="Time limit for one command of the driver, in seconds.",
)
@click.option(
    "--browser",
    is_flag=True,
    help="The device is a page in a browser, which does not see or control connections.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def device_command(
    command: tuple[str, ...], only: tuple[str, ...], seconds: float, browser: bool, as_json: bool
) -> None:
    """Check the device whose driver COMMAND starts: satchel conformance device -- node driver.js"""
    results = devices.run(command, _require_rules(only, devices.RULES), seconds, browser=browser)
    _report(results, as_json)


@conformance.command("server")
@click.argument("url")
@click.option("--code", required=True, help="One-time enrolment code of a rep who has channels.")
@click.option(
    "--only", multiple=True, metavar="RULE", help="Check only this rule, by number or name. Repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def server_command(url: str, code: str, only: tuple[str, ...], as_json: bool) -> None:
    """Check the server at URL. Use a test installation: the documents that are pushed stay in its inbox."""
    _report(servers.run(url, code, _require_rules(only, servers.RULES)), as_json)


def _require_rules(only: tuple[str, ...], rules: Iterable[tuple[str, Any]]) -> tuple[str, ...]:
    names = {name for number, rule in rules for name in (number, rule.name)}
    for name in only:
        if name not in names:
            raise click.UsageError(f"there is no rule {name}; docs/conformance.md lists them")
    return only


def _report(results: Iterable[RuleResult], as_json: bool) -> None:
    """Print each result as it arrives; exit with status 1 if a rule is broken."""
    all_results = []
    for result in results:
        all_results.append(result)
        if not as_json:
            _print(result)
    failed = [result for result in all_results if result.outcome == "fail"]
    if as_json:
        report = {"passed": not failed, "rules": [result.as_json() for result in all_results]}
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        checked = sum(result.outcome != "not applicable" for result in all_results)
        click.secho(f"{checked - len(failed)} of {checked} rules kept.", fg="red" if failed else "green")
    if failed:
        raise SystemExit(1)


def _print(result: RuleResult) -> None:
    outcome = click.style(f"{result.outcome:<16}", fg=COLOURS[result.outcome])
    click.echo(f"{result.number:<5}{outcome}{result.rule:<18}{result.summary}")
    if result.detail:
        click.echo(f"{'':<21}{result.detail}")
    if result.outcome == "fail":
        click.echo(f"{'':<21}see {result.page}")
