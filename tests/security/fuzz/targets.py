"""All targets, by name."""

from collections.abc import Mapping

from tests.security.fuzz import erp_replies, receipt_files, requests, share, tokens, uploads
from tests.security.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for module in (tokens, requests, uploads, share, erp_replies, receipt_files)
    for target in module.TARGETS
}
