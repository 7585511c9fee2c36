"""Renders the wire for readers and machines: Markdown tables, and JSON Schema (draft 2020-12).

Everything is read from the declarations themselves, so that it cannot say anything else than they do.
"""
