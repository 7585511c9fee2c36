# SPDX-License-Identifier: GPL-3.0-or-later
"""The key on invoices: expense claims are supplier invoices."""

from trytond.pool import PoolMeta

from .key import SatchelKeyMixin


class Invoice(SatchelKeyMixin, metaclass=PoolMeta):
    __name__ = "account.invoice"
