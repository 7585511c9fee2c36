"""`satchel certificate`: HTTPS in the local network, so that a real phone can use the app on it."""

import datetime as dt

import click

from backend.cli.context import console, load_settings
from backend.cli.refusal import CannotRun
from backend.clock import SystemClock
from backend.lan import addresses, certificate
from backend.permissions import close_new_files
from backend.settings import Settings
from backend.settings.this_machine import authority

INSTALL = """
- iPhone: open the file; Settings > General > VPN & Device Management: install the profile;
  then Settings > General > About > Certificate Trust Settings: switch it on.
- Android: Settings > Security > Encryption & credentials > Install a certificate > CA certificate.
"""


@click.command("certificate")
@click.argument("names", nargs=-1)
def certificate_command(names: tuple[str, ...]) -> None:
    """Make a certificate for HTTPS in the local network, for this machine and for NAMES.

    Install the file that it prints on each phone, then run `satchel serve --lan`. A server that phones reach
    over the internet needs a proxy with a public certificate instead.
    """
    close_new_files()
    settings = load_settings()
    for name in names:
        _require_name(name)
    named = [*own_names(), *names]
    is_new = _issue(settings, named, SystemClock().now())
    files = certificate.files_in(settings.folder)
    server, ca = certificate.read_certificate(files.chain), certificate.read_certificate(files.ca)
    phones = "each phone" if is_new else "each new phone; those that have it need nothing"
    lines = (
        f"Certificate for {', '.join(named)}, valid until {server.not_valid_after_utc:%Y-%m-%d}.",
        f"Install {files.ca} on {phones}: {INSTALL}",
        f"The phone shows this SHA-256: {certificate.fingerprint(ca)}",
        "Next: satchel serve --lan",
    )
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


def own_names() -> list[str]:
    """Return the names and addresses of this machine, that of the local network first; raises `CannotRun`."""
    try:
        address = addresses.lan_address()
    except addresses.NoAddress as error:
        raise CannotRun(
            f"{error}, so no phone can reach it; connect it to the network that the phones use"
        ) from None
    return [address, *addresses.host_names(), "127.0.0.1"]


def require_current(settings: Settings, now: dt.datetime) -> certificate.CertificateFiles:
    """Return the files of a certificate that names this machine; made now if there is none, or a late one."""
    files = certificate.files_in(settings.folder)
    names = own_names()
    if not certificate.is_current(files, names, now) and _issue(settings, names, now):
        console.print(f"Install {files.ca} on each phone; `satchel certificate` says how.", soft_wrap=True)
    return files


def lan_variables(settings: Settings) -> dict[str, str]:
    """Return the variables with which the web server speaks HTTPS with phones in the local network."""
    files = require_current(settings, SystemClock().now())
    first, *others = [f"https://{authority(name, settings.port)}" for name in own_names()]
    return {
        "SATCHEL_HOST": "0.0.0.0",  # noqa: S104 - phones come from outside # nosec B104
        "SATCHEL_PUBLIC_URL": first,
        "SATCHEL_OTHER_URLS": ",".join(others),
        "SATCHEL_WEB_SERVER": "granian",
        "SATCHEL_TLS_CERTIFICATE": str(files.chain),
        "SATCHEL_TLS_KEY": str(files.key),
    }


def _issue(settings: Settings, names: list[str], now: dt.datetime) -> bool:
    try:
        return certificate.issue(certificate.files_in(settings.folder), names, now, company=settings.company)
    except certificate.CertificateError as error:
        raise CannotRun(str(error)) from None


def _require_name(name: str) -> None:
    if not (addresses.is_address(name) or addresses.is_host_name(name)):
        raise CannotRun(f"{name} is neither an address nor a host name (a-z, digits, hyphens and dots)")
