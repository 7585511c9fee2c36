"""`satchel keys …`: the keys of the installation, their rotation, and the revocation of a leaked one."""

import click

from backend.cli.context import console, load_settings, note, transaction
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table
from backend.clock import SystemClock, instant
from backend.identity import key_ring, key_rotation
from backend.identity.key_ring import Lifetimes, RingKey
from backend.identity.keys import BEGINNING, REFRESH
from backend.settings import Settings


@click.group()
def keys() -> None:
    """Manage the keys that sign tokens; nodes notice a change within half a minute."""


def _lifetimes(settings: Settings) -> Lifetimes:
    return Lifetimes(settings.refresh_days)


@keys.command("list")
def list_keys() -> None:
    """List the keys, with their state."""
    settings, now = load_settings(), SystemClock().now()
    with transaction(settings):  # before `satchel init` there is nothing to list, and nothing is created
        ring = key_rotation.ring_of(settings.folder, _lifetimes(settings))
    used = {
        key_ring.current([each for each in ring if each.key.kind == kind], now).id
        for kind in key_rotation.KINDS
    }

    def state(each: RingKey) -> str:
        if each.key.id in used:
            return "in use"
        if each.key.used_from > now:
            return "published"
        return "accepted" if each.accepted(now) else "retired"

    print_table(
        ring,
        {
            "kind": lambda each: each.key.kind,
            "id": lambda each: each.key.id,
            "used from": lambda each: (
                "the beginning" if each.key.used_from == BEGINNING else each.key.used_from
            ),
            "accepted until": lambda each: each.retired_at or "the next rotation",
            "state": state,
        },
        empty="No keys yet.",
    )


@keys.command()
@click.argument("kind", type=click.Choice(key_rotation.KINDS), required=False)
def rotate(kind: str | None) -> None:
    """Replace the keys of KIND (default: both kinds). Nobody is logged out.

    A new key is published first and used ten minutes later. The one before it is accepted until the last token
    that was made with it has expired.
    """
    settings, now = load_settings(), SystemClock().now()
    with transaction(settings) as session:
        key_rotation.prune(settings.folder, _lifetimes(settings), now)
        new = key_rotation.rotate(settings.folder, [kind] if kind else key_rotation.KINDS, now)
        for key in new:
            note(session, "key.published", key.id, kind=key.kind)
    for key in new:
        console.print(f"The {key.kind} key {key.id} is used from {instant(key.used_from)} on", highlight=False)


# An id may begin with a dash.
@keys.command(context_settings={"ignore_unknown_options": True})
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(id: str, yes: bool) -> None:
    """Stop accepting the key ID now, because it has leaked.

    After a signing key phones fetch new access tokens automatically. After a refresh secret every phone whose
    token was made with it must enrol again; its outbox is kept.
    """
    settings, now = load_settings(), SystemClock().now()
    with transaction(settings) as session:
        ring = key_rotation.ring_of(settings.folder, _lifetimes(settings))
        kind = next((each.key.kind for each in ring if each.key.id == id), None)
        if kind is None:
            raise CannotRun(f"there is no key {id}; `satchel keys list` lists them")
        if kind == REFRESH and not yes:
            click.confirm("Phones with tokens of this secret must enrol again. Revoke it?", abort=True)
        note(session, "key.revoked", id, kind=kind)
        key_rotation.revoke(settings.folder, id, now)
    console.print(f"Key {id} is revoked; every node refuses it within half a minute", highlight=False)
