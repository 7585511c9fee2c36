"""`satchel conformance …`: check a device or a server against the rules of the protocol."""

import json
from collections.abc import Iterable
from typing import Any

import click

from sync_protocol.conformance import device as devices
from sync_protocol.conformance import server as servers
from sync_protocol.conformance.verdict import Verdict

COLOURS = {"pass": "green", "fail": "red", "not applicable": "yellow"}


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
    show_default=True,
    help="Time limit for one command of the driver, in seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def device_command(command: tuple[str, ...], only: tuple[str, ...], seconds: float, as_json: bool) -> None:
    """Check the device whose driver COMMAND starts: satchel conformance device -- node driver.js"""
    _report(devices.run(command, _require_rules(only, devices.RULES), seconds), as_json)


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


def _report(verdicts: Iterable[Verdict], as_json: bool) -> None:
    """Print each verdict as it arrives; exit with status 1 if a rule is broken."""
    all_verdicts = []
    for verdict in verdicts:
        all_verdicts.append(verdict)
        if not as_json:
            _print(verdict)
    failed = [verdict for verdict in all_verdicts if verdict.outcome == "fail"]
    if as_json:
        report = {"passed": not failed, "rules": [verdict.as_json() for verdict in all_verdicts]}
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        checked = sum(verdict.outcome != "not applicable" for verdict in all_verdicts)
        click.secho(f"{checked - len(failed)} of {checked} rules kept.", fg="red" if failed else "green")
    if failed:
        raise SystemExit(1)


def _print(verdict: Verdict) -> None:
    outcome = click.style(f"{verdict.outcome:<16}", fg=COLOURS[verdict.outcome])
    click.echo(f"{verdict.number:<5}{outcome}{verdict.rule:<18}{verdict.summary}")
    if verdict.detail:
        click.echo(f"{'':<21}{verdict.detail}")
    if verdict.outcome == "fail":
        click.echo(f"{'':<21}see {verdict.page}")
