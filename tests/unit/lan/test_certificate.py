"""The certificate of the local network: what a phone that trusts its authority accepts."""

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from backend.lan import certificate
from backend.lan.certificate import CertificateError, CertificateFiles, files_in

NOW = dt.datetime.now(dt.UTC)
NAMES = ["192.168.7.20", "sales", "sales.local", "localhost"]


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    issued = files_in(tmp_path)
    assert certificate.issue(issued, NAMES, NOW, company="Sample company")
    return issued


def connect(files: CertificateFiles, name: str, *, trusted: Path | None = None) -> None:
    """Shake hands with a server of *files*, as a phone that opens *name*; raises ssl.SSLError."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.chain, files.key)
    to_server, to_phone = ssl.MemoryBIO(), ssl.MemoryBIO()
    phone = ssl.create_default_context(cafile=trusted or files.ca).wrap_bio(
        to_phone, to_server, server_hostname=name
    )
    serving = server.wrap_bio(to_server, to_phone, server_side=True)
    waiting = [phone, serving]
    while waiting:
        for side in tuple(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_that_trusts_the_authority_accepts_the_server(files: CertificateFiles, name: str) -> None:
    connect(files, name)


@pytest.mark.parametrize("name", ["bank.example", "192.168.7.21", "sales.example"])
def test_another_name_is_refused(files: CertificateFiles, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(files, name)


@pytest.mark.parametrize("name", ["bank.example", "93.184.216.34"])
def test_the_authority_cannot_sign_for_others(
    files: CertificateFiles, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has stolen its key signs for another site, and phones refuse that."""
    monkeypatch.setattr(certificate, "_may_sign", lambda ca, names: True)
    assert not certificate.issue(files, [name], NOW, company="Thief")
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        connect(files, name)


def test_phones_need_nothing_when_the_certificate_is_renewed(files: CertificateFiles, tmp_path: Path) -> None:
    trusted = tmp_path / "phone.pem"
    trusted.write_bytes(files.ca.read_bytes())
    # The machine has got another address.
    assert not certificate.issue(files, ["10.0.0.9", *NAMES[1:]], NOW, company="Sample company")
    connect(files, "10.0.0.9", trusted=trusted)


def test_a_new_name_needs_a_new_authority(files: CertificateFiles) -> None:
    assert certificate.issue(files, [*NAMES, "depot.local"], NOW, company="Sample company")
    connect(files, "depot.local")


def test_an_address_outside_of_local_networks_is_signed_for_alone(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    certificate.issue(files, ["93.184.216.34"], NOW, company="Sample company")
    connect(files, "93.184.216.34")
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(files, "93.184.216.35")


@pytest.mark.parametrize(
    ("days", "names", "current"),
    [
        (0, NAMES, True),
        (0, NAMES[:2], True),
        (0, ["192.168.7.21"], False),
        (certificate.SERVER_DAYS - certificate.RENEWED_DAYS - 2, NAMES, True),
        (certificate.SERVER_DAYS - certificate.RENEWED_DAYS, NAMES, False),
        (-1, NAMES, False),
    ],
)
def test_a_certificate_is_renewed_before_it_expires(
    files: CertificateFiles, days: int, names: list[str], current: bool
) -> None:
    assert certificate.is_current(files, names, NOW + dt.timedelta(days=days)) == current


def test_an_authority_that_expires_soon_is_replaced(files: CertificateFiles) -> None:
    later = NOW + dt.timedelta(days=certificate.CA_DAYS - certificate.SERVER_DAYS)
    assert certificate.issue(files, NAMES, later, company="Sample company")


def test_others_cannot_read_the_keys(files: CertificateFiles) -> None:
    assert files.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (files.key, files.ca_key)} == {0o600}


@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_a_damaged_file_is_named(files: CertificateFiles, name: str) -> None:
    (files.folder / name).write_text("nonsense")
    with pytest.raises(CertificateError, match=name):
        certificate.issue(files, NAMES, NOW, company="Sample company")


def test_a_missing_or_damaged_certificate_is_not_current(files: CertificateFiles) -> None:
    files.chain.write_text("nonsense")
    assert not certificate.is_current(files, NAMES, NOW)
    files.chain.unlink()
    assert not certificate.is_current(files, NAMES, NOW)


def test_a_certificate_lives_no_longer_than_browsers_accept(files: CertificateFiles) -> None:
    issued = x509.load_pem_x509_certificate(files.chain.read_bytes())
    assert issued.not_valid_after_utc - issued.not_valid_before_utc <= dt.timedelta(days=398)
