"""Every command of `satchel`, found in the tree of commands, each with arguments that are well-formed."""

from collections.abc import Iterator

import click

from backend.cli.main import main

ID = "01KB0000000000000000000001"

ARGUMENTS = {
    "audit export": ["AUDIT"],
    "audit list": [],
    "audit verify": [],
    "certificate": [],
    "conformance device": ["false"],
    "conformance server": ["http://127.0.0.1:1", "--code", "AAAAA-AAAAA-AAAAA"],
    "delivery reconcile": [],
    "device amend": [ID, "--file", "BODY"],
    "device capture": ["order", "--file", "BODY"],
    "device claim": ["--purpose", "x", "--customer", "C1", "--line", "meal:3:lunch"],
    "device customer": ["C1"],
    "device dismiss": [ID],
    "device driver": [],
    "device enrol": ["AAAAA-AAAAA-AAAAA", "--server", "http://127.0.0.1:1", "--allow-http"],
    "device forecast": ["--warehouse", "W1", "--period", "2026-12", "--line", "P1:3"],
    "device list": ["customers"],
    "device order": ["--customer", "C1", "--line", "P1:3"],
    "device outbox": [],
    "device products": [],
    "device push-again": [ID],
    "device request-cancel": [ID, "--message", "x"],
    "device request-change": [ID, "--message", "x"],
    "device show": ["customers", "C1"],
    "device status": [],
    "device sync": ["--tries", "1"],
    "device verify": ["--tries", "1"],
    "device withdraw": [ID],
    "doctor": [],
    "feed compact": [],
    "feed mismatches": [],
    "feed restore-check": [],
    "import-unsent": ["EXPORT"],
    "ingest compare": [],
    "ingest quarantine": [],
    "ingest read": [],
    "ingest retry": [],
    "init": [],
    "keys list": [],
    "keys revoke": [ID, "--yes"],
    "keys rotate": [],
    "office add": ["anna", "--role", "order_desk"],
    "office deputy": ["anna", "bert", "--until", "2099-12-24"],
    "office list": [],
    "office password": ["anna"],
    "office revoke": ["anna"],
    "office sessions": [],
    "office sign-out": ["anna"],
    "office token": ["anna"],
    "parked approve": [ID],
    "parked batch continue": [ID],
    "parked batch run": ["retry", "config"],
    "parked batch show": [ID],
    "parked batch undo": [ID],
    "parked cancel": [ID, "--why", "x"],
    "parked causes": [],
    "parked done": [ID],
    "parked fix": [ID, "--file", "BODY"],
    "parked link": [ID, "SO1"],
    "parked list": [],
    "parked recall": [ID],
    "parked release": [ID],
    "parked reserve": [ID],
    "parked retry": [ID],
    "parked return": [ID, "--why", "x"],
    "parked show": [ID],
    "parked unlink": [ID, "--why", "x"],
    "receipts recheck": ["ab" * 32],
    "receipts refused": [],
    "rep activate": ["R1"],
    "rep add": ["R1", "Anja"],
    "rep assign": ["R1", "territory:NW"],
    "rep code": ["R1"],
    "rep deactivate": ["R1"],
    "rep codes": [],
    "rep devices": [],
    "rep limit": ["R1", "--discount", "5"],
    "rep list": [],
    "rep rename": [ID, "Pixel"],
    "rep syncs": [ID],
    "rep revoke": [ID],
    "rep role": ["sales", "customers"],
    "rep unsent": [],
    "rep unassign": ["R1", "territory:NW"],
    "rep withdraw": ["0123456789ab"],
    "sample-erp": ["--once"],
    "sample-erp close-customer": ["C0001"],
    "sample-erp delete-customer": ["C0001"],
    "sample-erp move-customer": ["C0001", "NW"],
    "sample-erp release": ["SO1"],
    "sample-erp rename-customer": ["C0001", "x"],
    "sample-erp set-limit": ["C0001", "5"],
    "segments": [],
    "segments build": [],
    "serve": [],
    "submissions": [],
    "sweep": ["customers"],
    "timeline": [ID],
}
"""The arguments of each command. BODY stands for a file with a JSON object, EXPORT for one of a wiped phone."""

WITHOUT_SETTINGS = tuple(
    name for name in ARGUMENTS if name.split()[0] in ("conformance", "device", "sample-erp")
)
"""Commands that use neither the settings nor the database of a server."""
WITH_DATABASE = tuple(
    name for name in ARGUMENTS if name not in (*WITHOUT_SETTINGS, "certificate", "doctor", "init")
)
"""Commands that need a database that is set up."""


def all_commands() -> Iterator[str]:
    """Yield the words of every command that can be run."""
    yield from _commands(main, ())


def _commands(command: click.Command, words: tuple[str, ...]) -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _commands(child, (*words, name))
        if not words or not command.invoke_without_command:
            return
    yield " ".join(words)
