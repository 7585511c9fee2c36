"""The sample ERP: a separate process that plays the ERP of a sample company, over files.

It is no part of Satchel's own machinery and shares nothing with it but the folder. It keeps its books in
`sample_erp.sqlite`, writes exports, takes up documents, numbers and acknowledges them, and goes on to
ship, invoice and be paid, so that a demo and the tests have an ERP that behaves like one.
"""

from backend.sample_erp.run import run

__all__ = ["run"]
