# SPDX-License-Identifier: GPL-3.0-or-later
"""The key on sales."""

from trytond.pool import PoolMeta

from .key import SatchelKeyMixin


class Sale(SatchelKeyMixin, metaclass=PoolMeta):
    __name__ = "sale.sale"
