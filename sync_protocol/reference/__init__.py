"""Renders the wire as Markdown tables for people, and as JSON Schema (draft 2020-12) for programs.

Everything is generated from the declarations, so that it cannot differ from them.
"""
