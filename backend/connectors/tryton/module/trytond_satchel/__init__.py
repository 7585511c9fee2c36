# SPDX-License-Identifier: GPL-3.0-or-later
"""Tryton module `satchel`: a unique key on the documents that Satchel creates."""
