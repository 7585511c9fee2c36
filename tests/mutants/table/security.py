"""Mutants of the edge: where the webhook may be, what a reply says about a fault."""

from backend.delivery.alerts import outbound
from backend.lan import certificate
from tests.mutants.edits import body, replace
from tests.mutants.mutant import Mutant

OUTBOUND = "tests/unit/delivery/alerts/test_outbound.py"

SECURITY = [
    Mutant(
        "the webhook may be anywhere",
        "–",
        "Whoever can set a name in the DNS lets the server post to its own network.",
        f"{OUTBOUND}::test_addresses_that_are_not_public_are_refused_in_every_form",
        [body(outbound.is_allowed, "return True")],
    ),
    Mutant(
        "an IPv4 address inside an IPv6 address is not seen",
        "–",
        "64:ff9b::7f00:1 is a public address, and the router behind it sends to 127.0.0.1.",
        f"{OUTBOUND}::test_addresses_that_are_not_public_are_refused_in_every_form",
        [body(outbound.embedded, "return address")],
    ),
    Mutant(
        "the webhook's name is resolved again for the connection",
        "–",
        "The second answer of the DNS is not checked.",
        f"{OUTBOUND}::test_a_name_that_changes_its_address_is_connected_to_the_checked_one",
        [
            replace(
                outbound._Backend.connect_tcp,
                "super().connect_tcp(address, $$$REST)",
                "super().connect_tcp(host, $$$REST)",
            )
        ],
    ),
    Mutant(
        "the authority of the local network may sign for every site",
        "–",
        "Whoever copies its key can stand in for any site on every phone that trusts it.",
        "tests/unit/lan/test_certificate.py::test_the_authority_cannot_sign_for_others",
        [
            replace(
                certificate._new_authority,
                "x509.NameConstraints(_permitted(names), None)",
                'x509.NameConstraints(None, [x509.DNSName("other.invalid")])',
            )
        ],
    ),
]
