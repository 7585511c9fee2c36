"""Which folder the device's commands work on."""

from pathlib import Path

import click

from sync_protocol.device.device import Device

pass_folder = click.make_pass_decorator(Path)


def open_device(folder: Path) -> Device:
    """Open the device in *folder*; raises `DatabaseRefused`."""
    return Device(folder)
