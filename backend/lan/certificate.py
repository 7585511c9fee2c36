"""A certificate for HTTPS in the local network, signed by an authority of this installation.

A phone trusts the server once `ca.pem` is installed on it. The authority may sign for this server's names
and addresses of local networks only (name constraints, RFC 5280, section 4.2.1.10), as its key could be copied.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backend.files import make_private_folder, read_file, write_atomically
from backend.lan.addresses import LOCAL_NETWORKS, is_address, is_local

FOLDER = "tls"
"""In the installation's folder."""
CA_DAYS = 3650
SERVER_DAYS = 397
"""Browsers refuse a certificate that is valid for longer: CA/Browser Forum, Baseline Requirements 6.3.2."""
RENEWED_DAYS = 30
"""The last days of a certificate, in which it is replaced."""


class CertificateError(ValueError):
    """A stored file cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class CertificateFiles:
    """The files in *folder*; `chain` holds the server's certificate and that of the authority."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority's certificate, which is installed on phones."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """The authority's private key."""
        return self.folder / "ca.key"

    @property
    def chain(self) -> Path:
        """The server's certificate, then the authority's."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """The server's private key, as PKCS #8."""
        return self.folder / "server.key"


def files_in(folder: Path) -> CertificateFiles:
    """Return the files of the installation in *folder*."""
    return CertificateFiles(folder / FOLDER)


def issue(files: CertificateFiles, names: Sequence[str], now: dt.datetime, *, company: str) -> bool:
    """Write a certificate for *names*, which are host names and IP addresses.

    The stored authority signs it, or a new one if it cannot. Returns whether it is new, so that phones must
    install it. Raises `CertificateError` if a file of the authority cannot be read.
    """
    make_private_folder(files.folder)
    stored = _stored_authority(files, names, now)
    ca, ca_key = stored or _new_authority(files, names, now, company)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(names[0]), ca.subject, key.public_key(), now, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_atomically(files.key, [_pem(key)])
    write_atomically(files.chain, [_certificate_pem(certificate), _certificate_pem(ca)])
    return stored is None


def is_current(files: CertificateFiles, names: Sequence[str], now: dt.datetime) -> bool:
    """Say whether the server's certificate names all of *names* and need not be renewed yet."""
    try:
        certificate = read_certificate(files.chain)
    except (FileNotFoundError, CertificateError):
        return False
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        files.key.exists()
        and {_general_name(name) for name in names} <= set(named)
        and certificate.not_valid_before_utc <= now
        and days_left(certificate, now) > RENEWED_DAYS
    )


def read_certificate(path: Path) -> x509.Certificate:
    """Return the first certificate in *path*; raises `CertificateError` and OSError."""
    try:
        return x509.load_pem_x509_certificate(read_file(path))
    except ValueError:
        raise CertificateError(f"{path} is no certificate; delete it, and run `satchel certificate`") from None


def days_left(certificate: x509.Certificate, now: dt.datetime) -> int:
    """Return the number of whole days until *certificate* expires, negative if it has expired."""
    return (certificate.not_valid_after_utc - now).days


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of *certificate* as pairs of hexadecimal digits, as phones show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


_Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _stored_authority(files: CertificateFiles, names: Sequence[str], now: dt.datetime) -> _Authority | None:
    """Return the stored authority if it lives long enough and may sign for *names*."""
    if not (files.ca.exists() and files.ca_key.exists()):
        return None
    certificate, key = read_certificate(files.ca), _read_key(files.ca_key)
    is_usable = days_left(certificate, now) > SERVER_DAYS and _may_sign(certificate, names)
    return (certificate, key) if is_usable else None


def _new_authority(files: CertificateFiles, names: Sequence[str], now: dt.datetime, company: str) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{company[:40]} local CA {now:%Y-%m-%d}")
    certificate = (
        _builder(name, name, key.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CA_USAGE, critical=True)
        .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_atomically(files.ca_key, [_pem(key)])
    write_atomically(files.ca, [_certificate_pem(certificate)])
    return certificate, key


_CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _permitted(names: Sequence[str]) -> list[x509.GeneralName]:
    """Return what an authority for *names* may sign: them, and addresses of local networks, which change."""
    networks = [ipaddress.ip_network(name) for name in names if is_address(name) and not is_local(name)]
    hosts = [x509.DNSName(name) for name in names if not is_address(name)]
    return [*hosts, *(x509.IPAddress(network) for network in (*LOCAL_NETWORKS, *networks))]


def _may_sign(ca: x509.Certificate, names: Sequence[str]) -> bool:
    permitted = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    return set(_permitted(names)) <= set(permitted or [])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, key)
        .serial_number(x509.random_serial_number())
        # A phone's clock may be a little behind.
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now - dt.timedelta(hours=1) + dt.timedelta(days=days))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name)


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(read_file(path), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{path} is no key of ours; delete it, and run `satchel certificate`")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
